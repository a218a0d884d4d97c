//! The parser of conditions. It is handwritten, since the grammar is small and errors should have a position.

use std::cell::Cell;

use super::{Check, Expression, FieldName, FieldTerm, Operator, Quantifier, Transformer, Word};
use crate::rules::error::{ConditionError, similar};

/// Limit on nesting; deeper conditions are not legitimate.
const MAX_DEPTH: usize = 100;

/// Parses a condition.
///
/// # Errors
/// Syntax errors, with the position and the expected token.
pub(in crate::rules) fn parse(text: &str) -> Result<Expression, ConditionError> {
    let mut parser = Parser::new(text);
    let expression = parser.any()?;
    parser.ended(expression, "'and' or 'or'")
}

/// Parses a single field with its transformers, the innermost first.
///
/// # Errors
/// As [`parse`].
pub(in crate::rules) fn field(text: &str) -> Result<FieldTerm, ConditionError> {
    let mut parser = Parser::new(text);
    parser.blanks();
    let at = parser.position();
    let name = parser.name();
    let field = parser.field(name, at)?;
    parser.ended(field, "nothing behind the field")
}

/// Parses a list of values in brackets: `(a, 'b')`.
///
/// # Errors
/// As [`parse`].
pub(in crate::rules) fn list(text: &str) -> Result<Vec<Word>, ConditionError> {
    let mut parser = Parser::new(text);
    let words = parser.list()?;
    parser.ended(words, "nothing behind the brackets")
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    /// Cache of the last position: a byte offset and the number of characters before it.
    counted: Cell<(usize, usize)>,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str) -> Self {
        Self { text, at: 0, depth: 0, counted: Cell::default() }
    }

    /// Returns `read` if the text ends here.
    fn ended<T>(&mut self, read: T, expected: &str) -> Result<T, ConditionError> {
        self.blanks();
        if self.rest().is_empty() { Ok(read) } else { Err(self.expected(expected)) }
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn blanks(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// Position of the next character, counted from 1.
    fn position(&self) -> usize {
        self.place_of(self.at)
    }

    /// Position of the character at this byte, counted from the cached one.
    fn place_of(&self, at: usize) -> usize {
        let (known, before) = Some(self.counted.get()).filter(|(known, _)| *known <= at).unwrap_or_default();
        let before = before + self.text[known..at].chars().count();
        self.counted.set((at, before));
        before + 1
    }

    fn expected(&self, what: &str) -> ConditionError {
        let found: String =
            self.rest().split_whitespace().next().unwrap_or_default().chars().take(40).collect();
        let found = if found.is_empty() { "the end".to_owned() } else { format!("'{found}'") };
        ConditionError::new(self.position(), format!("expected {what}, found {found}"))
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    /// Takes a whole word, followed by a space, a bracket or the end.
    fn take_word(&mut self, word: &str) -> bool {
        let ends = |rest: &str| rest.chars().next().is_none_or(|c| c.is_whitespace() || "()".contains(c));
        let found = self.rest().strip_prefix(word).is_some_and(ends);
        self.at += if found { word.len() } else { 0 };
        found
    }

    /// Takes the longest prefix whose characters all satisfy `is_of`.
    fn take_while(&mut self, is_of: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let length = rest.find(|c| !is_of(c)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn any(&mut self) -> Result<Expression, ConditionError> {
        self.joined("or", Self::all, Expression::Or)
    }

    fn all(&mut self) -> Result<Expression, ConditionError> {
        self.joined("and", Self::not, Expression::And)
    }

    fn joined(
        &mut self,
        word: &str,
        part: impl Fn(&mut Self) -> Result<Expression, ConditionError>,
        join: impl Fn(Vec<Expression>) -> Expression,
    ) -> Result<Expression, ConditionError> {
        let first = part(self)?;
        let mut parts = vec![first];
        loop {
            self.blanks();
            if !self.take_word(word) {
                break;
            }
            parts.push(part(self)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { join(parts) })
    }

    fn not(&mut self) -> Result<Expression, ConditionError> {
        let mut negated = false;
        loop {
            self.blanks();
            if !self.take_word("not") {
                break;
            }
            negated = !negated;
        }
        let inner = self.check()?;
        Ok(if negated { Expression::Not(Box::new(inner)) } else { inner })
    }

    fn check(&mut self) -> Result<Expression, ConditionError> {
        self.blanks();
        if self.take("(") {
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return Err(ConditionError::new(
                    self.position(),
                    format!("nested more than {MAX_DEPTH} deep"),
                ));
            }
            let inner = self.any()?;
            self.depth -= 1;
            self.blanks();
            return if self.take(")") { Ok(inner) } else { Err(self.expected("')'")) };
        }
        let at = self.position();
        let name = self.name();
        if name.is_empty() {
            return Err(self.expected("a field, a macro or '('"));
        }
        if !name.contains('.') && !self.rest().starts_with('(') {
            return Ok(Expression::Macro { name: name.to_owned(), at });
        }
        let term = self.field(name, at)?;
        self.comparison(term, at)
    }

    /// Parses the rest of a field whose name, or outermost transformer, was read at this position.
    fn field(&mut self, name: &str, at: usize) -> Result<FieldTerm, ConditionError> {
        if self.rest().starts_with('(') {
            self.transformed(name, at)
        } else if name.contains('.') {
            Ok(FieldTerm { field: self.argument(name)?, transformers: Vec::new() })
        } else {
            Err(ConditionError::new(at, "expected a field"))
        }
    }

    /// Takes a name of letters, digits, `_` and `.`.
    fn name(&mut self) -> &'t str {
        if !self.rest().starts_with(|c: char| c.is_ascii_alphabetic()) {
            return "";
        }
        self.take_while(|c| c.is_ascii_alphanumeric() || "_.".contains(c))
    }

    /// Parses `tolower(ct.name)`, also nested.
    fn transformed(&mut self, name: &str, at: usize) -> Result<FieldTerm, ConditionError> {
        let transformer = Transformer::from_name(name).ok_or_else(|| {
            let known = Transformer::ALL.map(|known| format!("{}()", known.name())).join(", ");
            ConditionError::new(at, format!("there is no transformer '{name}' here; there are {known}"))
        })?;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(ConditionError::new(at, format!("nested more than {MAX_DEPTH} deep")));
        }
        self.take("(");
        self.blanks();
        let inner_at = self.position();
        let inner = self.name();
        let mut term = self.field(inner, inner_at)?;
        self.depth -= 1;
        self.blanks();
        if !self.take(")") {
            return Err(self.expected("')'"));
        }
        term.transformers.push(transformer);
        Ok(term)
    }

    /// Parses the optional `[…]` after a field.
    fn argument(&mut self, name: &str) -> Result<FieldName, ConditionError> {
        let name = name.to_owned();
        if !self.take("[") {
            return Ok(FieldName { name, argument: None });
        }
        let argument = match self.quoted()? {
            Some(quoted) => quoted,
            None => self.take_while(|c| !c.is_whitespace() && !"[]\"'".contains(c)).to_owned(),
        };
        if argument.is_empty() || !self.take("]") {
            return Err(self.expected("an argument and ']'"));
        }
        Ok(FieldName { name, argument: Some(argument) })
    }

    fn comparison(&mut self, term: FieldTerm, at: usize) -> Result<Expression, ConditionError> {
        self.blanks();
        let operator = self.operator()?;
        self.blanks();
        let quantifier = if operator == Operator::Exists { None } else { self.quantifier(operator)? };
        let takes_list = operator.takes_list() || quantifier.is_some();
        let names_list = takes_list && !self.rest().starts_with('(');
        let (words, other) = match operator {
            Operator::Exists => (Vec::new(), None),
            _ if takes_list => (self.list()?, None),
            _ => match self.other()? {
                Some(other) => (Vec::new(), Some(other)),
                None => (vec![self.word()?], None),
            },
        };
        Ok(Expression::Check(Check { term, operator, quantifier, words, names_list, other, at }))
    }

    /// Takes `anyof`, `oneof` or `allof` and the blanks behind it, if a list or the name of one follows. Else the word is a value.
    fn quantifier(&mut self, operator: Operator) -> Result<Option<Quantifier>, ConditionError> {
        let (start, at) = (self.at, self.position());
        let name = self.take_while(|c| c.is_ascii_alphanumeric() || c == '_');
        let is_apart = self.rest().starts_with(char::is_whitespace);
        self.blanks();
        let is_joined = ["and", "or"].iter().any(|word| {
            let behind = self.rest().strip_prefix(word);
            behind.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
        });
        let names_list = is_apart && !is_joined && self.rest().starts_with(|c: char| c.is_ascii_alphabetic());
        match Quantifier::from_text(name).filter(|_| names_list || self.rest().starts_with('(')) {
            Some(quantifier) if operator.takes_quantifier() => Ok(Some(quantifier)),
            Some(_) => {
                let reason =
                    format!("'{name}' goes with operators that compare with one text, such as '= {name}'");
                Err(ConditionError::new(at, reason))
            }
            None => {
                self.at = start;
                Ok(None)
            }
        }
    }

    /// Parses a field in place of a value: `val(ct.src)` or, with a transformer, `tolower(ct.src)`.
    fn other(&mut self) -> Result<Option<FieldTerm>, ConditionError> {
        let (start, at) = (self.at, self.position());
        let name = self.name();
        let is_field = name == "val" || Transformer::from_name(name).is_some();
        if !is_field || !self.rest().starts_with('(') {
            self.at = start;
            return Ok(None);
        }
        if name != "val" {
            return self.transformed(name, at).map(Some);
        }
        self.take("(");
        self.blanks();
        let inner_at = self.position();
        let inner = self.name();
        let field = self.field(inner, inner_at)?;
        self.blanks();
        if self.take(")") { Ok(Some(field)) } else { Err(self.expected("')'")) }
    }

    fn operator(&mut self) -> Result<Operator, ConditionError> {
        let start = self.at;
        // A value may begin with a sign: `!=<NA>`.
        let signs = Operator::ALL.into_iter().filter(|(sign, _)| sign.ends_with(['=', '<', '>']));
        let longest =
            signs.filter(|(sign, _)| self.rest().starts_with(sign)).max_by_key(|(sign, _)| sign.len());
        if let Some((sign, operator)) = longest {
            self.at += sign.len();
            return Ok(operator);
        }
        let text = self.take_while(|c| c.is_ascii_alphanumeric() || c == '_');
        if let Some(operator) = Operator::from_text(text) {
            return Ok(operator);
        }
        if text.is_empty() {
            self.at = start;
            return Err(self.expected("an operator"));
        }
        let near = similar(text, Operator::ALL.into_iter().map(|(known, _)| known));
        Err(ConditionError::new(self.place_of(start), format!("there is no operator '{text}' here{near}")))
    }

    /// Parses `(a, 'b', c)`, or the name of a list.
    fn list(&mut self) -> Result<Vec<Word>, ConditionError> {
        if !self.take("(") {
            return Ok(vec![self.word()?]);
        }
        let mut words = Vec::new();
        self.blanks();
        if self.take(")") {
            return Ok(words);
        }
        loop {
            self.blanks();
            words.push(self.word()?);
            self.blanks();
            if self.take(")") {
                return Ok(words);
            }
            if !self.take(",") {
                return Err(self.expected("',' or ')'"));
            }
        }
    }

    fn word(&mut self) -> Result<Word, ConditionError> {
        if let Some(text) = self.quoted()? {
            return Ok(Word { text, quoted: true });
        }
        let start = self.at;
        let text = self.take_while(|c| !c.is_whitespace() && !"()\"'=,".contains(c));
        if text.is_empty() {
            return Err(self.expected("a value"));
        }
        if self.rest().starts_with('(') {
            return Err(ConditionError::new(
                self.place_of(start),
                format!("a value computed by '{text}()' is not supported"),
            ));
        }
        Ok(Word { text: text.to_owned(), quoted: false })
    }

    /// Parses a text in single or double quotes, with escapes.
    fn quoted(&mut self) -> Result<Option<String>, ConditionError> {
        let Some(quote) = self.rest().chars().next().filter(|c| "\"'".contains(*c)) else { return Ok(None) };
        let start = self.at;
        let mut text = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                _ if c == quote => {
                    self.at += at + 1;
                    return Ok(Some(text));
                }
                '\\' => match chars.next() {
                    Some((_, escaped)) => text.push_str(&unescaped(escaped)),
                    None => break,
                },
                _ => text.push(c),
            }
        }
        Err(ConditionError::new(self.place_of(start), format!("the quote {quote} is not closed")))
    }
}

/// The meaning of a backslash and a character. Unknown escapes are kept, for regular expressions.
fn unescaped(c: char) -> String {
    match c {
        'b' => "\u{8}".to_owned(),
        'f' => "\u{c}".to_owned(),
        'n' => "\n".to_owned(),
        'r' => "\r".to_owned(),
        't' => "\t".to_owned(),
        '\\' | '/' | '"' | '\'' => c.to_string(),
        _ => format!("\\{c}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A condition in a form that shows its structure.
    fn shown(expression: &Expression) -> String {
        let all = |word: &str, parts: &[Expression]| {
            let parts: Vec<String> = parts.iter().map(shown).collect();
            format!("({word} {})", parts.join(" "))
        };
        match expression {
            Expression::And(parts) => all("and", parts),
            Expression::Or(parts) => all("or", parts),
            Expression::Not(part) => format!("(not {})", shown(part)),
            Expression::Macro { name, .. } => name.clone(),
            Expression::Check(check) => {
                let argument =
                    check.term.field.argument.as_ref().map_or(String::new(), |it| format!("[{it}]"));
                let words: Vec<&str> = check.words.iter().map(|word| &*word.text).collect();
                let quantifier = check.quantifier.map_or(String::new(), |it| format!(" {it:?} "));
                format!("{}{argument}{:?}{quantifier}{words:?}", check.term.field.name, check.operator)
            }
        }
    }

    fn read(text: &str) -> String {
        parse(text).map_or_else(|flaw| format!("{}: {}", flaw.at, flaw.reason), |read| shown(&read))
    }

    #[test]
    fn not_binds_tighter_than_and_which_binds_tighter_than_or() {
        assert_eq!(read("a or b and not c"), "(or a (and b (not c)))");
        assert_eq!(read("(a or b)and(not(c))"), "(and (or a b) (not c))");
        assert_eq!(read("not not a"), "a");
        assert_eq!(read("android and orange"), "(and android orange)");
    }

    #[test]
    fn checks_have_a_field_an_operator_and_values() {
        assert_eq!(read("ct.name=\"A b\""), r#"ct.nameEqual["A b"]"#);
        assert_eq!(read("json.value[/a/b~1c] != x"), r#"json.value[/a/b~1c]Unequal["x"]"#);
        assert_eq!(read("ka.verb in (get, 'li\\'st')"), r#"ka.verbIn["get", "li'st"]"#);
        assert_eq!(read("ka.verb in ()"), "ka.verbIn[]");
        assert_eq!(read("ct.error exists and ct.x>=3"), r#"(and ct.errorExists[] ct.xGreaterOrEqual["3"])"#);
        assert_eq!(read("ct.name!=<NA>"), r#"ct.nameUnequal["<NA>"]"#);
        assert_eq!(read("ct.name regex '^Get\\d+$'"), r#"ct.nameRegex["^Get\\d+$"]"#);
        assert_eq!(read("ka.uri startswith /healthz?"), r#"ka.uriStartsWith["/healthz?"]"#);
        let Ok(Expression::Check(check)) = parse("toupper(tolower( ct.name )) contains A") else { panic!() };
        assert_eq!(check.term.transformers, [Transformer::Lower, Transformer::Upper]);
    }

    #[test]
    fn a_quantifier_needs_a_list_behind_it() {
        assert_eq!(read("ct.name startswith anyof (a, 'b')"), r#"ct.nameStartsWith Any ["a", "b"]"#);
        assert_eq!(read("ct.name!=allof(a)"), r#"ct.nameUnequal All ["a"]"#);
        assert_eq!(read("ct.name = oneof names and b"), r#"(and ct.nameEqual One ["names"] b)"#);
        assert_eq!(read("ct.name = anyof\n ()"), "ct.nameEqual Any []");
        assert_eq!(read("ct.name = anyof"), r#"ct.nameEqual["anyof"]"#);
        assert_eq!(read("ct.name = anyof and b"), r#"(and ct.nameEqual["anyof"] b)"#);
        assert_eq!(read("(ct.name = anyof)or(b)"), r#"(or ct.nameEqual["anyof"] b)"#);
        assert_eq!(read("ct.name = anyof.x"), r#"ct.nameEqual["anyof.x"]"#);
        assert_eq!(read("ct.name in anyof"), r#"ct.nameIn["anyof"]"#);
        let refused = "'anyof' goes with operators that compare with one text, such as '= anyof'";
        assert_eq!(read("ct.name in anyof (a)"), format!("12: {refused}"));
        assert_eq!(read("ct.name >= anyof (1)"), format!("12: {refused}"));
    }

    #[test]
    fn errors_have_a_position() {
        assert_eq!(read("ct.name = "), "11: expected a value, found the end");
        assert_eq!(read("ct.name like x"), "9: there is no operator 'like' here");
        assert_eq!(
            read("ct.name contians x"),
            "9: there is no operator 'contians' here; did you mean 'contains'?"
        );
        assert_eq!(read("a and"), "6: expected a field, a macro or '(', found the end");
        assert_eq!(read("(a or b"), "8: expected ')', found the end");
        assert_eq!(read("ct.name = 'a"), "11: the quote ' is not closed");
        assert_eq!(read("a b"), "3: expected 'and' or 'or', found 'b'");
        assert_eq!(read("ct.name = 'äöü' and (ct.x = é) or c d"), "37: expected 'and' or 'or', found 'd'");
        assert_eq!(
            read("b32(ct.name) = x"),
            "1: there is no transformer 'b32' here; there are tolower(), toupper(), b64(), basename(), len()"
        );
        assert_eq!(read("ct.name = f(ct.src)"), "11: a value computed by 'f()' is not supported");
        assert_eq!(read("ct.name = val(ct.src"), "21: expected ')', found the end");
        assert!(read(&"(".repeat(5000)).contains("nested more than 100 deep"));
        assert!(read(&"tolower(".repeat(5000)).contains("nested more than 100 deep"));
    }
}
