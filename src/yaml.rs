//! YAML text in, plain values with their lines out. Numbers, flags and dates stay the texts that they were written as, so that an
//! account id keeps its zeros. Knows nothing of what the text says. The only place that knows a YAML library.

use std::fmt;

use saphyr::{MarkedYaml, ScalarStyle, YamlData, YamlLoader};
use saphyr_parser::{BufferedInput, Event, Parser};

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Yaml {
    /// The line it begins on, counted from 1.
    pub line: usize,
    /// What it is.
    pub node: Node,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Nothing, `~` or `null`.
    Null,
    /// A text, or a number or flag as it was written.
    Text {
        /// Without quotes.
        text: String,
        /// Whether it was in quotes or a block, so that it can be nothing but a text.
        quoted: bool,
    },
    /// A list.
    List(Vec<Yaml>),
    /// Keys and values, in their order. No key is there twice.
    Map(Vec<(Yaml, Yaml)>),
}

/// Text that is no YAML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YamlError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

impl fmt::Display for YamlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl std::error::Error for YamlError {}

/// All documents of a text.
///
/// # Errors
/// If the text is no YAML, is nested too deeply, gives a key twice, or repeats parts of itself (`*anchor`) beyond all measure.
///
/// ```
/// use firstseen::yaml::documents;
///
/// let all = documents("account: 012345678901\n---\n- a\n").unwrap();
/// assert_eq!(all[0].get("account").unwrap().text(), Some("012345678901"));
/// assert_eq!(all[1].list().unwrap()[0].line, 3);
/// ```
pub fn documents(text: &str) -> Result<Vec<Yaml>, YamlError> {
    let failed = |error: &saphyr::ScanError| YamlError {
        line: error.marker().line(),
        reason: error.info().to_owned(),
    };
    check_depth(text)?;
    let mut loader: YamlLoader<'_, MarkedYaml<'_>> = YamlLoader::default();
    loader.early_parse(false);
    let mut parser = Parser::new(BufferedInput::new(text.chars()));
    parser.load(&mut loader, true).map_err(|error| failed(&error))?;
    match loader.error() {
        Some(error) => Err(failed(error)),
        None => Ok(loader.into_documents().iter().map(Yaml::of).collect()),
    }
}

/// Lists and maps may stand in each other so deep; as JSON is read.
const MOST_NESTED: usize = 127;

/// Refuses a text whose values are nested so deep that reading them, which calls itself for each level, would never come back.
fn check_depth(text: &str) -> Result<(), YamlError> {
    let mut depth = 0_usize;
    for event in Parser::new(BufferedInput::new(text.chars())) {
        // Whoever reads the text says what else is wrong with it.
        let Ok((event, span)) = event else { return Ok(()) };
        match event {
            Event::SequenceStart(..) | Event::MappingStart(..) => depth += 1,
            Event::SequenceEnd | Event::MappingEnd => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MOST_NESTED {
            let reason = format!("values are nested more than {MOST_NESTED} levels deep");
            return Err(YamlError { line: span.start.line(), reason });
        }
    }
    Ok(())
}

impl Yaml {
    fn of(marked: &MarkedYaml<'_>) -> Self {
        let node = match &marked.data {
            YamlData::Representation(text, ScalarStyle::Plain, _) => match &**text {
                "" | "~" | "null" | "Null" | "NULL" => Node::Null,
                text => Node::Text { text: text.to_owned(), quoted: false },
            },
            YamlData::Representation(text, ..) => {
                Node::Text { text: text.clone().into_owned(), quoted: true }
            }
            YamlData::Sequence(items) => Node::List(items.iter().map(Self::of).collect()),
            YamlData::Mapping(members) => {
                Node::Map(members.iter().map(|(key, value)| (Self::of(key), Self::of(value))).collect())
            }
            YamlData::Tagged(_, inner) => return Self::of(inner),
            _ => Node::Null,
        };
        Self { line: marked.span.start.line(), node }
    }

    /// Whether there is nothing.
    pub fn is_null(&self) -> bool {
        self.node == Node::Null
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match &self.node {
            Node::Text { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The items, if it is a list.
    pub fn list(&self) -> Option<&[Self]> {
        match &self.node {
            Node::List(items) => Some(items),
            _ => None,
        }
    }

    /// Keys and values, if it has some.
    pub fn map(&self) -> Option<&[(Self, Self)]> {
        match &self.node {
            Node::Map(members) => Some(members),
            _ => None,
        }
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.map()?.iter().find(|(known, _)| known.text() == Some(key)).map(|(_, value)| value)
    }

    /// `true` or `false`, if it is one of them.
    pub fn flag(&self) -> Option<bool> {
        match self.text()? {
            "true" | "True" | "TRUE" => Some(true),
            "false" | "False" | "FALSE" => Some(false),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_lines_and_texts() {
        let text = "a: >\n  folded\n  text\nb: [1, 'x', ~]\nc:\n  d: true\n";
        let all = documents(text).unwrap();
        let root = &all[0];
        assert_eq!(root.get("a").unwrap().text(), Some("folded text\n"));
        let list = root.get("b").unwrap().list().unwrap();
        assert_eq!((list[0].text(), list[2].is_null()), (Some("1"), true));
        assert_eq!(list[1].node, Node::Text { text: "x".to_owned(), quoted: true });
        assert_eq!(root.get("c").unwrap().get("d").unwrap().flag(), Some(true));
        assert_eq!(root.get("c").unwrap().get("d").unwrap().line, 6);
    }

    #[test]
    fn a_text_that_is_nested_beyond_measure_is_refused() {
        let forms =
            ["- ", "? ", "[", "{a: ", "[{a: "].map(|open| format!("x:\n- 1\ny:\n{}", open.repeat(20_000)));
        for text in forms {
            let error = documents(&text).unwrap_err();
            // The library itself counts brackets.
            let is_told = error.reason.contains("nested") || error.reason.contains("recursion limit");
            assert!(error.line == 4 && is_told, "{}: {error}", &text[..20]);
        }
        let deep = |levels: usize| documents(&format!("{}1", "- ".repeat(levels)));
        assert!(deep(MOST_NESTED).is_ok() && deep(MOST_NESTED + 1).is_err());
    }

    #[test]
    fn a_text_that_is_no_yaml_says_where() {
        assert_eq!(documents("a: [1\nb: 2\n").unwrap_err().line, 2);
        assert!(documents("a: 1\na: 2\n").unwrap_err().reason.contains("uplicate"));
    }
}
