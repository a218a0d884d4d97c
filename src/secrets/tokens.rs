//! The tokens of a JSON text. Nothing is an error, since the text may be that of a broken record.

use crate::json_string::string_end;

/// A token of a JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token<'a> {
    /// `{` or `[`
    Open(char),
    /// `}` or `]`
    Close(char),
    /// `,`
    Comma,
    /// `:`
    Colon,
    /// A string with its quotes; the last one of a text may lack the closing quote.
    Text(&'a str),
    /// Anything else up to the next token or white space: a number, `true`, `false`, `null`, or what is not JSON.
    Other(&'a str),
}

/// Iterates over the tokens of a JSON text, with their positions.
///
/// ```
/// use firstseen::secrets::{Token, Tokens};
///
/// let tokens: Vec<_> = Tokens::new(r#"{"a\"b": -1}"#).map(|(_, token)| token).collect();
/// let text = Token::Text(r#""a\"b""#);
/// assert_eq!(tokens, [Token::Open('{'), text, Token::Colon, Token::Other("-1"), Token::Close('}')]);
/// ```
#[derive(Clone, Debug)]
pub struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    /// The tokens of a text.
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = (usize, Token<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.text.as_bytes();
        let blanks = bytes[self.at..].iter().take_while(|byte| is_blank(**byte)).count();
        let start = self.at + blanks;
        let first = *bytes.get(start)?;
        let (end, token) = match first {
            b'{' | b'[' => (start + 1, Token::Open(first.into())),
            b'}' | b']' => (start + 1, Token::Close(first.into())),
            b',' => (start + 1, Token::Comma),
            b':' => (start + 1, Token::Colon),
            b'"' => {
                let end = string_end(self.text, start);
                (end, Token::Text(&self.text[start..end]))
            }
            _ => {
                let is_other = |byte: &&u8| !is_blank(**byte) && !b"{}[],:\"".contains(byte);
                let end = start + bytes[start..].iter().take_while(is_other).count();
                (end, Token::Other(&self.text[start..end]))
            }
        };
        self.at = end;
        Some((start, token))
    }
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn tokens_and_white_space_make_up_any_text(text in r#"[\[\]{},:" \\\n1aé]{0,40}"#) {
            let mut rest = text.clone();
            for (at, token) in Tokens::new(&text) {
                let token = match token {
                    Token::Open(c) | Token::Close(c) => c.to_string(),
                    Token::Comma => ",".to_owned(),
                    Token::Colon => ":".to_owned(),
                    Token::Text(part) | Token::Other(part) => part.to_owned(),
                };
                prop_assert!(text[at..].starts_with(&token));
                rest.replace_range(at..at + token.len(), &" ".repeat(token.len()));
            }
            prop_assert!(rest.bytes().all(is_blank), "{rest:?}");
        }
    }
}
