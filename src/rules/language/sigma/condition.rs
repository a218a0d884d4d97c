//! Sigma conditions: names of searches joined by `and`, `or`, `not` and `of`.

use crate::rules::budget::Budget;
use crate::rules::error::{ConditionError, similar};
use crate::rules::evaluate::tree::Condition;

const MAX_DEPTH: usize = 100;

/// Limit on the parts of all searches that a condition names; more is a mistake.
const MAX_PARTS: usize = 1_000_000;

/// Parses a condition over these searches.
pub(super) fn parse(
    text: &str,
    searches: &[(&str, Condition)],
    budget: &Budget,
) -> Result<Condition, ConditionError> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        next: 0,
        depth: 0,
        parts: 0,
        searches,
        budget,
        end: text.chars().count() + 1,
    };
    let condition = parser.any()?;
    match parser.peek() {
        None => Ok(condition),
        Some(_) => Err(parser.expected("'and' or 'or'")),
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Token<'t> {
    at: usize,
    text: &'t str,
}

/// Brackets and words.
fn tokens(text: &str) -> Result<Vec<Token<'_>>, ConditionError> {
    let mut tokens = Vec::new();
    let (mut rest, mut at) = (text, 1);
    loop {
        let blanks = rest.len() - rest.trim_start().len();
        at += rest[..blanks].chars().count();
        rest = &rest[blanks..];
        let Some(first) = rest.chars().next() else { return Ok(tokens) };
        let is_of_word = |c: char| c.is_alphanumeric() || "_-*?.".contains(c);
        let length = match first {
            '(' | ')' => 1,
            '|' => {
                return Err(ConditionError::new(
                    at,
                    "it counts events; only rules about single events are read",
                ));
            }
            _ => rest.find(|c| !is_of_word(c)).unwrap_or(rest.len()),
        };
        if length == 0 {
            return Err(ConditionError::new(at, format!("'{first}' has no meaning here")));
        }
        let (word, behind) = rest.split_at(length);
        tokens.push(Token { at, text: word });
        at += word.chars().count();
        rest = behind;
    }
}

struct Parser<'t> {
    tokens: Vec<Token<'t>>,
    next: usize,
    depth: usize,
    /// Number of parts of all searches named so far.
    parts: usize,
    searches: &'t [(&'t str, Condition)],
    budget: &'t Budget,
    end: usize,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<Token<'t>> {
        self.tokens.get(self.next).copied()
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|token| token.text.eq_ignore_ascii_case(word));
        self.next += usize::from(found);
        found
    }

    fn expected(&self, what: &str) -> ConditionError {
        match self.peek() {
            Some(token) => ConditionError::new(token.at, format!("expected {what}, found '{}'", token.text)),
            None => ConditionError::new(self.end, format!("expected {what}, found the end")),
        }
    }

    fn any(&mut self) -> Result<Condition, ConditionError> {
        self.joined("or", Self::all, Condition::Any)
    }

    fn all(&mut self) -> Result<Condition, ConditionError> {
        self.joined("and", Self::not, Condition::All)
    }

    fn joined(
        &mut self,
        word: &str,
        part: impl Fn(&mut Self) -> Result<Condition, ConditionError>,
        join: impl Fn(Vec<Condition>) -> Condition,
    ) -> Result<Condition, ConditionError> {
        let mut parts = vec![part(self)?];
        while self.take(word) {
            parts.push(part(self)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { join(parts) })
    }

    fn not(&mut self) -> Result<Condition, ConditionError> {
        let mut negated = false;
        while self.take("not") {
            negated = !negated;
        }
        let inner = self.one()?;
        Ok(if negated { Condition::Not(Box::new(inner)) } else { inner })
    }

    fn one(&mut self) -> Result<Condition, ConditionError> {
        if self.take("(") {
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return Err(self.expected(&format!("no more than {MAX_DEPTH} brackets")));
            }
            let inner = self.any()?;
            self.depth -= 1;
            return if self.take(")") { Ok(inner) } else { Err(self.expected("')'")) };
        }
        let of = self.tokens.get(self.next + 1).is_some_and(|token| token.text.eq_ignore_ascii_case("of"));
        match self.peek() {
            Some(token) if of => {
                self.next += 2;
                let found = self.named()?;
                match token.text.to_ascii_lowercase().as_str() {
                    "1" | "any" => Ok(Condition::Any(found)),
                    "all" => Ok(Condition::All(found)),
                    other => Err(ConditionError::new(
                        token.at,
                        format!("'{other} of' is neither '1 of' nor 'all of'"),
                    )),
                }
            }
            Some(Token { at, text }) if !matches!(text, ")" | "and" | "or") => {
                self.next += 1;
                let known = self.searches.iter().find(|(name, _)| *name == text);
                let Some((_, condition)) = known else {
                    let near = similar(text, self.searches.iter().map(|(name, _)| *name));
                    return Err(ConditionError::new(at, format!("there is no search '{text}'{near}")));
                };
                self.spend(at, condition.size())?;
                Ok(condition.clone())
            }
            _ => Err(self.expected("a search or '('")),
        }
    }

    /// Counts the parts of a search.
    fn spend(&mut self, at: usize, parts: usize) -> Result<(), ConditionError> {
        self.parts += parts;
        let reason = || format!("its searches have more than {MAX_PARTS} parts, as often as it names them");
        if self.parts > MAX_PARTS {
            return Err(ConditionError::new(at, reason()));
        }
        self.budget.add_parts(parts).map_err(|reason| ConditionError::new(at, reason))
    }

    /// The searches after `of`: `them`, or all with matching names.
    fn named(&mut self) -> Result<Vec<Condition>, ConditionError> {
        let Some(Token { at, text }) = self.peek() else { return Err(self.expected("a search or 'them'")) };
        self.next += 1;
        let text = if text.eq_ignore_ascii_case("them") { "them" } else { text };
        let is_meant = |name: &str| match text {
            "them" => !name.starts_with('_'),
            _ => matches(text, name),
        };
        let found = self.searches.iter().filter(|(name, _)| is_meant(name));
        let found: Vec<&Condition> = found.map(|(_, condition)| condition).collect();
        self.spend(at, found.iter().map(|condition| condition.size()).sum())?;
        let found: Vec<Condition> = found.into_iter().cloned().collect();
        let reason = || match text {
            "them" => {
                "'them' leaves out searches whose names begin with '_', and there are no others".to_owned()
            }
            _ => format!("no search is called '{text}'"),
        };
        if found.is_empty() { Err(ConditionError::new(at, reason())) } else { Ok(found) }
    }
}

/// Whether a name matches a pattern, in which `*` matches any text.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((start, pattern)) = pattern.split_once('*') else { return name == pattern };
    let Some(mut name) = name.strip_prefix(start) else { return false };
    let (middle, end) = pattern.rsplit_once('*').unwrap_or(("", pattern));
    for part in middle.split('*') {
        let Some(at) = name.find(part) else { return false };
        name = &name[at + part.len()..];
    }
    name.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::evaluate::known::Known;

    /// Whether a condition holds if these searches do.
    fn holds(text: &str, true_ones: &[&str]) -> Result<bool, String> {
        let names = ["sel", "sel_a", "sel_b", "filter"];
        let constant = |holds| if holds { Condition::All(Vec::new()) } else { Condition::Any(Vec::new()) };
        let searches = names.map(|name| (name, constant(true_ones.contains(&name))));
        let parsed = parse(text, &searches, &Budget::default())
            .map_err(|flaw| format!("{}: {}", flaw.at, flaw.reason))?;
        Ok(parsed.of_known(&Known(&[])).unwrap())
    }

    #[test]
    fn operators_combine_searches() {
        assert_eq!(holds("sel and not filter", &["sel"]), Ok(true));
        assert_eq!(holds("sel and not filter", &["sel", "filter"]), Ok(false));
        assert_eq!(holds("sel or sel_a and sel_b", &["sel"]), Ok(true));
        assert_eq!(holds("(sel or sel_a) and sel_b", &["sel"]), Ok(false));
        assert_eq!(holds("1 of sel_* and not 1 of filter*", &["sel_b"]), Ok(true));
        assert_eq!(holds("all of sel_*", &["sel_b"]), Ok(false));
        assert_eq!(holds("1 of *l_*", &["sel_b"]), Ok(true));
        assert_eq!(holds("1 of s*l*_a*", &["sel_b"]), Ok(false));
        assert_eq!(holds("1 of Them", &["filter"]), Ok(true));
        assert_eq!(holds("ALL of them", &["sel", "sel_a", "sel_b", "filter"]), Ok(true));
    }

    #[test]
    fn errors_have_a_position() {
        let why = |text| holds(text, &[]).unwrap_err();
        assert_eq!(why("sel and"), "8: expected a search or '(', found the end");
        assert_eq!(why("sel and fliter"), "9: there is no search 'fliter'; did you mean 'filter'?");
        assert_eq!(why("1 of x*"), "6: no search is called 'x*'");
        let searches = [("_a", Condition::All(Vec::new()))];
        let left_out = parse("1 of them", &searches, &Budget::default()).unwrap_err();
        assert_eq!(
            (left_out.at, &*left_out.reason),
            (6, "'them' leaves out searches whose names begin with '_', and there are no others")
        );
        assert_eq!(why("sel | count() > 3"), "5: it counts events; only rules about single events are read");
        assert_eq!(why("(sel"), "5: expected ')', found the end");
        assert_eq!(why("sel  and (größe)"), "11: there is no search 'größe'");
        assert_eq!(why("2 of them"), "1: '2 of' is neither '1 of' nor 'all of'");
        assert!(why(&"(".repeat(5000)).contains("no more than 100 brackets"));
    }
}
