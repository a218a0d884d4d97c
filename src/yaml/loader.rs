//! Builds values from the parser's events, without recursion: open lists and maps are kept on an explicit
//! stack.

use std::collections::{HashMap, HashSet};

use saphyr_parser::{BufferedInput, Event, Marker, Parser, ScalarStyle, ScanError};

use super::{BrokenDocument, MAX_DEPTH, Node, Yaml, YamlError};
use crate::line::line_of;

/// Limit on the copies of values, for all anchors and aliases of a text, in bytes: the length of texts, plus [`OF_VALUE`] for each
/// value.
const MOST_REPEATED: usize = 8 << 20;
/// Size of a value without its text, in bytes.
const OF_VALUE: usize = 64;

pub(super) fn load(text: &str) -> Result<Vec<Yaml>, YamlError> {
    let mut loader = Loader::default();
    loader.read(text, 0)?;
    Ok(loader.documents)
}

/// Reads all documents at once if possible, else each of them.
pub(super) fn load_each(text: &str) -> (Vec<Yaml>, Vec<BrokenDocument>) {
    if let Ok(documents) = load(text) {
        return (documents, Vec::new());
    }
    let (mut documents, mut broken) = (Vec::new(), Vec::new());
    let mut repeated = 0;
    let mut before = 0;
    for document in split(text) {
        let mut loader = Loader { repeated, ..Loader::default() };
        let lines = line_of(document, document.trim_end().len());
        match loader.read(document, before) {
            Ok(()) => documents.append(&mut loader.documents),
            Err(YamlError { line, reason }) => {
                let last = before + lines;
                // An end that is missing is missed behind it.
                let error = YamlError { line: line.min(last), reason };
                broken.push(BrokenDocument { first: before + 1, last, error });
            }
        }
        repeated = loader.repeated;
        before += line_of(document, document.len()) - 1;
    }
    (documents, broken)
}

/// The documents of a text. What comes before the first value, such as `%YAML 1.2`, belongs to the document that follows.
fn split(text: &str) -> Vec<&str> {
    let is_start = |line: &str| {
        line.strip_prefix("---")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
    };
    let is_value = |line: &str| !line.trim().is_empty() && !line.starts_with(['#', '%', '\u{feff}']);
    let mut documents = Vec::new();
    let (mut start, mut at, mut has_value) = (0, 0, false);
    for line in text.split_inclusive('\n') {
        if is_start(line) && has_value {
            documents.push(&text[start..at]);
            start = at;
        }
        has_value |= is_value(line);
        at += line.len();
    }
    documents.push(&text[start..]);
    documents
}

/// Converts an error of the parser. The parser has its own limit on `[` and `{`, and may reach it first,
/// since it reads ahead.
fn refused(error: &ScanError, line: usize) -> YamlError {
    match error.info() {
        "recursion limit exceeded" => too_deep(line),
        reason => wrong(line, reason),
    }
}

fn too_deep(line: usize) -> YamlError {
    wrong(line, format!("nested too deep: {MAX_DEPTH} levels are the most"))
}

fn wrong(line: usize, reason: impl Into<String>) -> YamlError {
    YamlError { line, reason: reason.into() }
}

#[derive(Default)]
struct Loader {
    documents: Vec<Yaml>,
    /// Open collections, the innermost last.
    open: Vec<OpenCollection>,
    /// Anchored values, by number. Anchors end with their document.
    anchors: HashMap<usize, SizedValue>,
    repeated: usize,
}

/// A list or map that has not ended.
struct OpenCollection {
    line: usize,
    anchor: usize,
    items: Items,
    /// Depth of the values so far.
    depth: usize,
    size: usize,
}

enum Items {
    List(Vec<Yaml>),
    Map { members: Vec<(Yaml, Yaml)>, known: HashSet<Node>, key: Option<Yaml> },
}

/// A value, its number of levels (0 for a text), and the size of a copy.
#[derive(Clone)]
struct SizedValue {
    yaml: Yaml,
    depth: usize,
    size: usize,
}

impl Loader {
    /// Reads a text, with this number of lines before it.
    fn read(&mut self, text: &str, before: usize) -> Result<(), YamlError> {
        // The parser counts one line more at the end of a text without a line end.
        let last = line_of(text, text.len());
        let line_of = |at: &Marker| before + at.line().min(last);
        for event in Parser::new(BufferedInput::new(text.chars())) {
            let (event, span) = event.map_err(|error| refused(&error, line_of(error.marker())))?;
            self.event(event, line_of(&span.start))?;
        }
        Ok(())
    }

    fn event(&mut self, event: Event<'_>, line: usize) -> Result<(), YamlError> {
        match event {
            Event::DocumentStart(_) => self.anchors.clear(),
            Event::Scalar(text, style, anchor, _) => {
                let size = OF_VALUE + text.len();
                let node = match (&*text, style) {
                    ("" | "~" | "null" | "Null" | "NULL", ScalarStyle::Plain) => Node::Null,
                    _ => Node::Text { text: text.into_owned(), quoted: style != ScalarStyle::Plain },
                };
                let yaml = Yaml { line, node };
                self.add(SizedValue { yaml, depth: 0, size }, anchor, line)?;
            }
            Event::SequenceStart(anchor, _) => self.open(Items::List(Vec::new()), anchor, line)?,
            Event::MappingStart(anchor, _) => {
                let items = Items::Map { members: Vec::new(), known: HashSet::new(), key: None };
                self.open(items, anchor, line)?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(ended) = self.open.pop() {
                    let anchor = ended.anchor;
                    self.add(ended.measured()?, anchor, line)?;
                }
            }
            Event::Alias(anchor) => {
                let repeated = self.repeat(anchor, line)?;
                self.add(repeated, 0, line)?;
            }
            Event::DocumentEnd | Event::Nothing | Event::StreamStart | Event::StreamEnd => {}
        }
        Ok(())
    }

    /// Begins a list or a map.
    fn open(&mut self, items: Items, anchor: usize, line: usize) -> Result<(), YamlError> {
        self.check_depth(1, line)?;
        self.open.push(OpenCollection { line, anchor, items, depth: 0, size: OF_VALUE });
        Ok(())
    }

    /// Refuses a value with `depth` levels at this place if it nests too deep.
    fn check_depth(&self, depth: usize, line: usize) -> Result<(), YamlError> {
        if self.open.len() + depth > MAX_DEPTH {
            return Err(too_deep(line));
        }
        Ok(())
    }

    /// A copy of the value of an alias.
    fn repeat(&mut self, anchor: usize, line: usize) -> Result<SizedValue, YamlError> {
        let unknown = || wrong(line, "it repeats a value that has no end or is of another document");
        let mut repeated = self.anchors.get(&anchor).ok_or_else(unknown)?.clone();
        self.count_copy(repeated.size, line)?;
        repeated.yaml.line = line;
        Ok(repeated)
    }

    /// Counts a copy of a value.
    fn count_copy(&mut self, size: usize, line: usize) -> Result<(), YamlError> {
        self.repeated += size;
        if self.repeated > MOST_REPEATED {
            let limit = MOST_REPEATED >> 20;
            return Err(wrong(
                line,
                format!("its anchors (&name) and aliases (*name) repeat more than {limit} MiB"),
            ));
        }
        Ok(())
    }

    /// Adds a value to its parent, or to the documents.
    fn add(&mut self, value: SizedValue, anchor: usize, line: usize) -> Result<(), YamlError> {
        self.check_depth(value.depth, line)?;
        if anchor > 0 {
            self.count_copy(value.size, line)?;
            self.anchors.insert(anchor, value.clone());
        }
        let SizedValue { yaml, depth, size } = value;
        let Some(parent) = self.open.last_mut() else {
            self.documents.push(yaml);
            return Ok(());
        };
        parent.depth = parent.depth.max(depth);
        parent.size += size;
        match &mut parent.items {
            Items::List(items) => items.push(yaml),
            Items::Map { members, known, key } => match key.take() {
                Some(key) => members.push((key, yaml)),
                None if matches!(yaml.node, Node::List(_) | Node::Map(_)) => {
                    return Err(YamlError {
                        line: yaml.line,
                        reason: "a key is a text, no list or map".to_owned(),
                    });
                }
                None if !known.insert(yaml.node.clone()) => {
                    return Err(YamlError {
                        line: yaml.line,
                        reason: "duplicated key in mapping".to_owned(),
                    });
                }
                None => *key = Some(yaml),
            },
        }
        Ok(())
    }
}

impl OpenCollection {
    fn measured(self) -> Result<SizedValue, YamlError> {
        let node = match self.items {
            Items::List(items) => Node::List(items),
            Items::Map { members, .. } => Node::Map(merged(members)?),
        };
        Ok(SizedValue { yaml: Yaml { line: self.line, node }, depth: self.depth + 1, size: self.size })
    }
}

/// The members of a map, with those that it takes from others: `<<: *other`, or `<<: [*other, *another]`. Its own keys come first,
/// then those of the first map.
fn merged(mut members: Vec<(Yaml, Yaml)>) -> Result<Vec<(Yaml, Yaml)>, YamlError> {
    let is_merge = |key: &Yaml| matches!(&key.node, Node::Text { text, quoted: false } if text == "<<");
    let Some(at) = members.iter().position(|(key, _)| is_merge(key)) else { return Ok(members) };
    let (key, value) = members.remove(at);
    let maps = match value.node {
        Node::List(items) => items,
        _ => vec![value],
    };
    let mut known: HashSet<Option<String>> =
        members.iter().map(|(key, _)| key.text().map(str::to_owned)).collect();
    for map in maps {
        let Node::Map(others) = map.node else {
            return Err(wrong(
                key.line,
                "'<<' takes a map, or a list of maps, whose keys are added to this one",
            ));
        };
        members.extend(others.into_iter().filter(|(key, _)| known.insert(key.text().map(str::to_owned))));
    }
    Ok(members)
}
