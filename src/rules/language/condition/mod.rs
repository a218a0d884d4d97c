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
    /// How many of the values must compare so, for an operator that takes one.
    pub(in crate::rules) quantifier: Option<Quantifier>,
    pub(in crate::rules) words: Vec<Word>,
    /// Whether several values may follow, and there are no brackets, so that the only word is the name of a list.
    pub(in crate::rules) names_list: bool,
    /// The field to compare with, in place of words: `val(ct.src)`.
    pub(in crate::rules) other: Option<FieldTerm>,
    /// Position of its first character in the condition, counted from 1.
    pub(in crate::rules) at: usize,
}

/// A value to compare with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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

/// How many values of a list must compare as the operator before it says; of an empty list never enough do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rules) enum Quantifier {
    /// Exactly one: `oneof`.
    One,
    /// At least one: `anyof`.
    Any,
    /// All: `allof`.
    All,
}

impl Quantifier {
    /// The quantifier with this notation.
    pub(in crate::rules) fn from_text(text: &str) -> Option<Self> {
        match text {
            "oneof" => Some(Self::One),
            "anyof" => Some(Self::Any),
            "allof" => Some(Self::All),
            _ => None,
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

    /// Whether a quantifier and a list may follow: it compares with one text.
    pub(in crate::rules) fn takes_quantifier(self) -> bool {
        let of_numbers = [Self::Less, Self::LessOrEqual, Self::Greater, Self::GreaterOrEqual];
        !self.takes_list() && self != Self::Exists && !of_numbers.contains(&self)
    }
}
