//! Parses YAML text into plain values with line numbers. Numbers, booleans and dates remain text, so an
//! account id keeps its leading zeros. Does not interpret the content. The only module that uses a YAML
//! library.
//!
//! The text may be hostile: nesting depth and the expansion of aliases (`*name`) are limited, so neither
//! parsing nor dropping the values can exhaust stack or memory.

mod loader;

use std::fmt;

/// Limit on nesting depth; deeper values are not legitimate. It makes recursion over values safe.
pub const MAX_DEPTH: usize = 100;

/// A value and its line.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Yaml {
    /// The line it begins on, counted from 1.
    pub line: usize,
    /// The value.
    pub node: Node,
}

/// The content of a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Node {
    /// Empty, `~` or `null`.
    Null,
    /// A string, or a number or boolean as written.
    Text {
        /// The text without quotes.
        text: String,
        /// Whether it was quoted or a block, so it can only be a string.
        quoted: bool,
    },
    /// A list.
    List(Vec<Yaml>),
    /// Keys and values, in order. Keys are unique. Those of maps given with `<<` come last.
    Map(Vec<(Yaml, Yaml)>),
}

/// The error for text that is not valid YAML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YamlError {
    /// Line, counted from 1.
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

/// Parses all documents of a text.
///
/// # Errors
/// If the text is not valid YAML, repeats a key, has a list or map as a key, merges (`<<`) what is no map, nests deeper than
/// [`MAX_DEPTH`], or has aliases (`*anchor`) that expand to too much.
///
/// ```
/// use firstseen::yaml::documents;
///
/// let all = documents("account: 012345678901\n---\n- a\n").unwrap();
/// assert_eq!(all[0].get("account").unwrap().text(), Some("012345678901"));
/// assert_eq!(all[1].list().unwrap()[0].line, 3);
/// ```
pub fn documents(text: &str) -> Result<Vec<Yaml>, YamlError> {
    loader::load(text)
}

/// A document of a text that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenDocument {
    /// Its first line, counted from 1.
    pub first: usize,
    /// Its last line.
    pub last: usize,
    /// Why it cannot be read.
    pub error: YamlError,
}

/// Parses each document of a text, so that a mistake in one does not affect the others. Documents begin at lines that begin with `---`, wherever
/// these are: YAML allows them in no text, not even in quotes.
///
/// ```
/// use firstseen::yaml::each_document;
///
/// let (documents, broken) = each_document("a: [1\n---\nb: 2\n");
/// assert_eq!(documents[0].get("b").unwrap().line, 3);
/// assert_eq!((broken[0].first, broken[0].last), (1, 1));
/// ```
pub fn each_document(text: &str) -> (Vec<Yaml>, Vec<BrokenDocument>) {
    loader::load_each(text)
}

impl Yaml {
    /// Whether the value is null.
    pub fn is_null(&self) -> bool {
        self.node == Node::Null
    }

    /// The text, if the value is one.
    pub fn text(&self) -> Option<&str> {
        match &self.node {
            Node::Text { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The items, if the value is a list.
    pub fn list(&self) -> Option<&[Self]> {
        match &self.node {
            Node::List(items) => Some(items),
            _ => None,
        }
    }

    /// Keys and values, if the value is a map.
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

    /// The boolean, if the value is `true` or `false`.
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
    fn errors_have_a_line_number() {
        assert_eq!(documents("a: [1\nb: 2\n").unwrap_err().line, 2);
        for end in ["\n", "\r\n", "\r"] {
            assert_eq!(documents(&format!("a: [1{end}b")).unwrap_err().line, 2, "{end:?}");
        }
        assert!(documents("a: 1\na: 2\n").unwrap_err().reason.contains("uplicate"));
        assert!(documents("? [a]\n: 1\n").unwrap_err().reason.contains("a key is a text"));
    }

    /// Covers nesting of every kind, including collections that begin on a new line.
    #[test]
    fn nesting_too_deep_is_refused_with_a_line_number() {
        let lines =
            |levels: usize| (0..levels).map(|level| format!("{}a:\n", " ".repeat(level))).collect::<String>();
        let aliases = |levels: usize| {
            let links = (1..levels).map(|level| format!("- &a{level} [*a{}]\n", level - 1));
            format!("- &a0 []\n{}", links.collect::<String>())
        };
        for levels in [2 * MAX_DEPTH, 20_000] {
            let texts = [
                "- ".repeat(levels),
                "? ".repeat(levels),
                "[".repeat(levels),
                "{a: ".repeat(levels),
                format!("a:\n  {}", "- ? ".repeat(levels / 2)),
                aliases(levels),
            ];
            for text in texts {
                let error = documents(&text).unwrap_err();
                let start: String = text.chars().take(20).collect();
                assert!(error.reason.starts_with("nested too deep"), "{start}: {error}");
            }
        }
        assert_eq!(documents(&lines(1000)).unwrap_err().line, MAX_DEPTH + 1);
        assert!(documents(&lines(MAX_DEPTH)).is_ok());
        assert_eq!(documents(&aliases(MAX_DEPTH - 1)).unwrap()[0].list().unwrap().len(), MAX_DEPTH - 1);
    }

    #[test]
    fn aliases_repeat_values_within_bounds() {
        let all = documents("- &a [1, &b x]\n- *a\n- *b\n").unwrap();
        let list = all[0].list().unwrap();
        assert_eq!((list[1].line, list[1].list().unwrap()[1].text()), (2, Some("x")));
        assert_eq!(list[2].text(), Some("x"));
        let ten = |name: &str| vec![format!("*{name}"); 10].join(", ");
        let laughs: String = (1..9)
            .map(|level| format!("a{level}: &a{level} [{}]\n", ten(&format!("a{}", level - 1))))
            .collect();
        let one_text = format!("- &a {}\n{}", "x".repeat(100_000), "- *a\n".repeat(1_000));
        let keys = "- &a {x: 1}\n- &b {? [*a, *a] : 1}\n- {? [*b, *b] : 1}\n";
        let nested: String = (0..90).map(|level| format!("&a{level} [")).collect();
        let nested = format!("- {nested}{}x{}", "x, ".repeat(10_000), "]".repeat(90));
        for text in [format!("a0: &a0 x\n{laughs}"), one_text, nested] {
            assert!(documents(&text).unwrap_err().reason.contains("(*name) repeat more than"));
        }
        assert!(documents(keys).unwrap_err().reason.contains("a key is a text"));
        for text in ["&a [*a]", "&a {b: *a}", "- &a 1\n---\n- *a\n", "*b"] {
            documents(text).unwrap_err();
        }
    }

    #[test]
    fn a_mistake_in_a_document_does_not_affect_the_others() {
        let read = |text: &str| {
            let (documents, broken) = each_document(text);
            let lines = documents.iter().map(|document| document.line).collect::<Vec<_>>();
            (lines, broken.iter().map(|it| (it.first, it.last, it.error.line)).collect::<Vec<_>>())
        };
        assert_eq!(read("a: 1\n---\nb: 2\n"), (vec![1, 3], vec![]));
        assert_eq!(read("a: 1\n---\nb: [\n\n--- # x\nc: 3\n---\n"), (vec![1, 6, 8], vec![(2, 3, 3)]));
        assert_eq!(read("a: 'x\n---\nb: 2\n"), (vec![3], vec![(1, 1, 1)]));
        assert_eq!(read("a: |\n  x\n  ---\n  --- y\nb: [\n---\nc: 1"), (vec![7], vec![(1, 5, 5)]));
        assert_eq!(read("# x\n%YAML 1.2\n---\na: 1\n---\nb: [\n"), (vec![4], vec![(5, 6, 6)]));
        assert_eq!(read("a: [\r\n---\r\nb: 1\r\n").0, [3]);
        assert_eq!(read("---x: [\n--- \na: 1\n"), (vec![3], vec![(1, 1, 1)]));
        // Copies are limited for all documents together.
        let copies = format!("- &a {}\n{}---\n", "x".repeat(100_000), "- *a\n".repeat(40));
        assert_eq!(read(&(copies.repeat(4) + "a: [")).1.len(), 3);
    }

    #[test]
    fn maps_take_the_keys_of_others() {
        let all = documents(
            "a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc:\n  <<: *a\n  y: 5\nd: {<<: [*a, *b], '<<': 6}\ne: {<<: *a, 'x': 7}\n",
        )
        .unwrap();
        let members = |key: &str| {
            let map = all[0].get(key).unwrap().map().unwrap().iter();
            map.map(|(key, value)| (key.text().unwrap(), value.text().unwrap())).collect::<Vec<_>>()
        };
        assert_eq!(members("c"), [("y", "5"), ("x", "1")]);
        assert_eq!(members("d"), [("<<", "6"), ("x", "1"), ("y", "2"), ("z", "4")]);
        assert_eq!(members("e"), [("x", "7"), ("y", "2")]);
        for text in ["a:\n  <<: x", "a:\n  <<: [{b: c}, d]", "a:\n  <<:"] {
            let error = documents(text).unwrap_err();
            assert_eq!((error.line, error.reason.starts_with("'<<' takes a map")), (2, true), "{text}");
        }
        let many: String =
            (1..40).map(|level| format!("- &a{level} {{b{level}: 1, <<: *a{}}}\n", level - 1)).collect();
        let all = documents(&format!("- &a0 {{b0: 1}}\n{many}")).unwrap();
        assert_eq!(all[0].list().unwrap()[39].map().unwrap().len(), 40);
    }
}
