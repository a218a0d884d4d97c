//! Conditions in Falco's language, parsed into a tree of checks with their positions.
//!
//! Source: the grammar in `userspace/libsinsp/filter/parser.h` of falcosecurity/libs, and "Condition syntax" in Falco's
//! documentation.

mod parse;

use crate::model::LogSource;
use crate::rules::error::FieldError;
use crate::rules::evaluate::field::{Field, FieldName};
use crate::rules::evaluate::transformer::{TransformedField, Transformer};

pub(in crate::rules) use parse::{field, list, parse};

/// A condition as written.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::rules) enum Expression {
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    /// The name of a macro.
    Macro {
        name: String,
        at: usize,
    },
    Check(Check),
}

/// A field, possibly in transformers: `tolower(ct.name)`.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::rules) struct FieldTerm {
    pub(in crate::rules) field: FieldName,
    /// The innermost first.
    pub(in crate::rules) transformers: Vec<Transformer>,
}

impl FieldTerm {
    /// The field in events of a source.
    ///
    /// # Errors
    /// If there is no such field.
    pub(in crate::rules) fn compiled(&self, source: LogSource) -> Result<TransformedField, FieldError> {
        let field = Field::of(&self.field, source)?;
        Ok(TransformedField { field, transformers: self.transformers.clone() })
    }
}

/// A field, an operator and the values to compare with.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::rules) struct Check {
    pub(in crate::rules) term: FieldTerm,
    pub(in crate::rules) operator: Operator,
    pub(in crate::rules) words: Vec<Word>,
    /// Whether the operator takes several values, and there are no brackets, so that the only word is the name of a list.
    pub(in crate::rules) names_list: bool,
    /// The field to compare with, in place of words: `val(ct.src)`.
    pub(in crate::rules) other: Option<FieldTerm>,
    /// Position of its first character in the condition, counted from 1.
    pub(in crate::rules) at: usize,
}

/// A value to compare with.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::rules) struct Word {
    pub(in crate::rules) text: String,
    /// Whether it is quoted, so it cannot be the name of a list.
    pub(in crate::rules) quoted: bool,
}

impl Word {
    /// A single value, with or without quotes.
    pub(in crate::rules) fn of(text: &str) -> Self {
        let inner = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
        match inner('"').or_else(|| inner('\'')) {
            Some(inner) => Self { text: inner.to_owned(), quoted: true },
            None => Self { text: text.to_owned(), quoted: false },
        }
    }
}

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::rules) enum Operator {
    Exists,
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Contains,
    ContainsAnyCase,
    ContainsBytes,
    StartsWith,
    StartsWithBytes,
    EndsWith,
    Glob,
    GlobAnyCase,
    Regex,
    In,
    Intersects,
    PathMatch,
}

impl Operator {
    /// All operators with their notation.
    pub(in crate::rules) const ALL: [(&'static str, Self); 20] = [
        ("exists", Self::Exists),
        ("==", Self::Equal),
        ("=", Self::Equal),
        ("!=", Self::Unequal),
        ("<=", Self::LessOrEqual),
        ("<", Self::Less),
        (">=", Self::GreaterOrEqual),
        (">", Self::Greater),
        ("contains", Self::Contains),
        ("icontains", Self::ContainsAnyCase),
        ("bcontains", Self::ContainsBytes),
        ("startswith", Self::StartsWith),
        ("bstartswith", Self::StartsWithBytes),
        ("endswith", Self::EndsWith),
        ("glob", Self::Glob),
        ("iglob", Self::GlobAnyCase),
        ("regex", Self::Regex),
        ("intersects", Self::Intersects),
        ("in", Self::In),
        ("pmatch", Self::PathMatch),
    ];

    /// The operator with this notation.
    pub(in crate::rules) fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == text).map(|(_, operator)| operator)
    }

    /// Whether the operator takes several values.
    pub(in crate::rules) fn takes_list(self) -> bool {
        matches!(self, Self::In | Self::Intersects | Self::PathMatch)
    }
}
