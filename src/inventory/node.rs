//! Parses JSON and YAML into one small tree, which keeps only the relevant members of an IAM answer, at any
//! depth. Values of a wrong type are not an error here: the accessors return none.

use std::cell::Cell;
use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use super::FileProblem;
use crate::yaml::{self, Yaml};

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// `null`.
    Nothing,
    Flag(bool),
    Number(f64),
    Text(String),
    List(Vec<Node>),
    /// The relevant members, in order.
    Map(Vec<(&'static str, Node)>),
}

/// Names of the relevant members.
const KEYS: [&str; 18] = [
    "UserDetailList",
    "RoleDetailList",
    "GroupDetailList",
    "Policies",
    "Roles",
    "Users",
    "Role",
    "User",
    "Group",
    "Content",
    "IsTruncated",
    "NextToken",
    "Arn",
    "UserId",
    "RoleId",
    "UserName",
    "RoleName",
    "CreateDate",
];

/// Limit on a text in bytes: no ARN is longer (IAM API Reference, `arnType`), and all other texts that are read are shorter. One that is longer
/// counts as absent, so an entry with such an ARN is one without.
pub(super) const MOST_TEXT: usize = 2_048;

/// Limit on a credential report in bytes; those of the 5,000 users that IAM allows in an account have some three million.
pub(super) const MOST_REPORT: usize = 32 << 20;

/// Limit on the text of a member. In base64 a report takes four bytes for three, and line ends.
fn most_text(key: &str) -> usize {
    if key == "Content" { MOST_REPORT * 3 / 2 } else { MOST_TEXT }
}

fn key(name: &str) -> Option<&'static str> {
    KEYS.into_iter().find(|key| *key == name)
}

/// Size limit for YAML in bytes; YAML needs up to a hundred times its size in memory.
const MOST_YAML: usize = 16 << 20;

/// Limit on the values of a file, which take up to 400 MB; the 5,000 roles that IAM allows in an account have 30,000, so
/// this is room for the answers of thirty such accounts in one file.
pub(super) const MOST_VALUES: usize = 1_000_000;

/// Parses a sequence of JSON values.
pub(super) fn json(text: &str) -> Result<Vec<Node>, FileProblem> {
    let left = Cell::new(MOST_VALUES);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let mut values = Vec::new();
    // There may be whitespace after the last value.
    while deserializer.end().is_err() {
        let value = NodeSeed { left: &left, most_text: MOST_TEXT }.deserialize(&mut deserializer);
        match value {
            Ok(value) => values.push(value),
            Err(_) if left.get() == 0 => return Err(FileProblem::TooMany(MOST_VALUES)),
            Err(error) => return Err(FileProblem::Broken(error.to_string())),
        }
    }
    Ok(values)
}

/// Parses all documents of a YAML text.
pub(super) fn yaml(text: &str) -> Result<Vec<Node>, FileProblem> {
    if text.len() > MOST_YAML {
        return Err(FileProblem::Form("more than 16 MiB of YAML: write it with --output json"));
    }
    let documents = yaml::documents(text).map_err(|error| FileProblem::Broken(error.to_string()))?;
    Ok(documents.iter().map(|document| Node::of(document, MOST_TEXT)).collect())
}

impl Node {
    fn of(yaml: &Yaml, most_text: usize) -> Self {
        if let Some(text) = yaml.text() {
            return Self::of_text(text, most_text);
        }
        if let Some(items) = yaml.list() {
            return Self::List(items.iter().map(|item| Self::of(item, MOST_TEXT)).collect());
        }
        let member = |(name, value): &(Yaml, Yaml)| {
            let name = key(name.text()?)?;
            Some((name, Self::of(value, self::most_text(name))))
        };
        yaml.map().map_or(Self::Nothing, |members| Self::Map(members.iter().filter_map(member).collect()))
    }

    /// A text, unless it is too long.
    fn of_text(text: &str, most: usize) -> Self {
        if text.len() <= most { Self::Text(text.to_owned()) } else { Self::Nothing }
    }

    /// The member with a name; the last one if there are several.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        let Self::Map(members) = self else { return None };
        members.iter().rev().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// The text, if the value is one and not empty.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()),
            _ => None,
        }
    }

    /// The items, if the value is a list.
    pub(super) fn list(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// Whether the value is true.
    pub(super) fn is_true(&self) -> bool {
        *self == Self::Flag(true) || self.text().is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }
}

/// Deserializes a value, within the limit on the number of values.
#[derive(Clone, Copy)]
struct NodeSeed<'c> {
    left: &'c Cell<usize>,
    most_text: usize,
}

impl<'de> DeserializeSeed<'de> for NodeSeed<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        let left = self.left.get().checked_sub(1).ok_or_else(|| D::Error::custom("too many values"))?;
        self.left.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for NodeSeed<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Nothing)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Node, E> {
        Ok(Node::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Number(number as f64))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        Ok(Node::Number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node, E> {
        Ok(Node::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::of_text(text, self.most_text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Node, A::Error> {
        let mut map = Vec::new();
        while let Some(Key(name)) = members.next_key()? {
            match name {
                Some(name) => {
                    let seed = Self { most_text: most_text(name), ..self };
                    map.push((name, members.next_value_seed(seed)?));
                }
                None => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Node::Map(map))
    }
}

/// The name of a member, if it is relevant.
struct Key(Option<&'static str>);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl Visitor<'_> for KeyVisitor {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_str<E>(self, name: &str) -> Result<Key, E> {
                Ok(Key(key(name)))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}
