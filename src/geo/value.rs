//! Reads a record once, keeping only the values that are wanted.

use std::fmt;

use maxminddb::deserialize_any_with_raw_strings;
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use super::record::{LONGEST_PATH, is_field};

/// The longest text that is read, in bytes. The longest names of autonomous systems have about 100; texts of a forged file may overlap, so
/// that each network of a small file has one of megabytes.
const LONGEST_TEXT: usize = 256;

/// How many fields a record may have, and each record in it that is read. Those of all publishers have less than 50.
const MOST_FIELDS: usize = 256;

/// A value, as far as it is read. Texts that are too long, and values of other types, are none.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Value<'r> {
    Number(u64),
    Text(&'r str),
    /// Those whose names are in [`record`](super::record); of several with one name the first.
    Fields(Vec<(&'r str, Value<'r>)>),
    Other,
}

impl<'r> Value<'r> {
    /// The value at a path; none if there is none.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |value, name| value.field(name))
    }

    fn field(&self, name: &str) -> Option<&Self> {
        let Self::Fields(fields) = self else { return None };
        fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// A text.
    pub(super) fn text(&self) -> Option<&'r str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

impl<'de> Deserialize<'de> for Value<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Levels(LONGEST_PATH).deserialize(deserializer)
    }
}

/// Reads a value, with the fields of this many levels.
#[derive(Clone, Copy)]
struct Levels(usize);

impl<'de> DeserializeSeed<'de> for Levels {
    type Value = Value<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value<'de>, D::Error> {
        // Not validating texts that are too long keeps them from costing anything.
        deserialize_any_with_raw_strings(deserializer, self)
    }
}

impl<'de> Visitor<'de> for Levels {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of a record")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value<'de>, E> {
        Ok(Value::Number(number))
    }

    /// A text, as bytes that are not validated.
    fn visit_newtype_struct<D: Deserializer<'de>>(self, text: D) -> Result<Value<'de>, D::Error> {
        let bytes = <&[u8]>::deserialize(text)?;
        if bytes.len() > LONGEST_TEXT {
            return Ok(Value::Other);
        }
        str::from_utf8(bytes).map(Value::Text).map_err(|_| D::Error::custom("a text is not UTF-8"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value<'de>, A::Error> {
        let Some(inner) = self.0.checked_sub(1).map(Levels) else {
            return IgnoredAny.visit_map(map).map(|_| Value::Other);
        };
        if map.size_hint().is_some_and(|fields| fields > MOST_FIELDS) {
            return Err(A::Error::custom(format!("a record has more than {MOST_FIELDS} fields")));
        }
        let mut fields: Vec<(&str, Value<'_>)> = Vec::new();
        while let Some(Name(name)) = map.next_key()? {
            match name.filter(|name| fields.iter().all(|(known, _)| known != name)) {
                Some(name) => fields.push((name, map.next_value_seed(inner)?)),
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Value::Fields(fields))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Value<'de>, A::Error> {
        IgnoredAny.visit_seq(list).map(|_| Value::Other)
    }

    fn visit_bytes<E: Error>(self, _: &[u8]) -> Result<Value<'de>, E> {
        Ok(Value::Other)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Value<'de>, E> {
        Ok(Value::Other)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Value<'de>, E> {
        Ok(Value::Other)
    }

    fn visit_u128<E: Error>(self, _: u128) -> Result<Value<'de>, E> {
        Ok(Value::Other)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Value<'de>, E> {
        Ok(Value::Other)
    }
}

/// The name of a field, if it is one of those in [`record`](super::record).
struct Name<'r>(Option<&'r str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_identifier(NameVisitor)
    }
}

struct NameVisitor;

impl<'de> Visitor<'de> for NameVisitor {
    type Value = Name<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_borrowed_bytes<E: Error>(self, name: &'de [u8]) -> Result<Name<'de>, E> {
        Ok(Name(str::from_utf8(name).ok().filter(|name| is_field(name))))
    }
}
