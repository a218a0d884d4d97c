//! Deserializes the members of a record as the expected types; a value of another type counts as absent.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::decode::record::audit::{status_code, whole_code};

/// A text, borrowed unless it has an escape; `None` for a value of another type.
#[derive(Default)]
pub(super) struct Text<'a>(Option<Cow<'a, str>>);

/// The first and the last text of a list, or a single text; `None` for a value of another type.
#[derive(Default)]
pub(super) struct FirstAndLast<'a> {
    pub(super) first: Text<'a>,
    pub(super) last: Text<'a>,
}

/// A boolean or its text.
#[derive(Default)]
pub(super) struct Flag(pub(super) Option<bool>);

/// An HTTP status code, or the text of one.
#[derive(Default)]
pub(super) struct Code(pub(super) Option<u16>);

/// The fields of an object; the default for a value of another type.
pub(super) trait Members<'de>: Default {
    fn member<M: MapAccess<'de>>(&mut self, key: &str, map: &mut M) -> Result<(), M::Error>;
}

impl Text<'_> {
    pub(super) fn get(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

/// An object, or the default for a value of another type.
#[derive(Default)]
pub(super) struct Object<T>(pub(super) T);

/// Visitor methods for values of any type: skips the types that are not expected.
macro_rules! pass_over {
    () => {
        pass_over!(null, list);
        pass_over!(visit_i64: i64, visit_u64: u64, visit_i128: i128, visit_u128: u128, visit_f64: f64);
    };
    (null) => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("any JSON value")
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Default::default())
        }
    };
    (null, list) => {
        pass_over!(null);
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok(Default::default())
        }
    };
    ($($visit:ident: $type:ty),*) => {
        $(fn $visit<E>(self, _: $type) -> Result<Self::Value, E> {
            Ok(Default::default())
        })*
    };
}

fn pass_over_map<'de, A: MapAccess<'de>, T: Default>(mut map: A) -> Result<T, A::Error> {
    while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(T::default())
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;
    pass_over!();
    pass_over!(visit_bool: bool);

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Text(Some(Cow::Borrowed(text))))
    }

    fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Text(Some(Cow::Owned(text.to_owned()))))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Text<'de>, A::Error> {
        pass_over_map(map)
    }
}

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct ListedVisitor;

impl<'de> Visitor<'de> for ListedVisitor {
    type Value = FirstAndLast<'de>;
    pass_over!(null);
    pass_over!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_i128: i128, visit_u128: u128, visit_f64: f64);

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<FirstAndLast<'de>, E> {
        let single = || Text(Some(Cow::Borrowed(text)));
        Ok(FirstAndLast { first: single(), last: single() })
    }

    fn visit_str<E>(self, text: &str) -> Result<FirstAndLast<'de>, E> {
        let single = || Text(Some(Cow::Owned(text.to_owned())));
        Ok(FirstAndLast { first: single(), last: single() })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<FirstAndLast<'de>, A::Error> {
        let mut listed = FirstAndLast::default();
        while let Some(text) = seq.next_element::<Text<'de>>()? {
            if listed.first.0.is_none() {
                listed.first = Text(text.0.clone());
            }
            if text.0.is_some() {
                listed.last = text;
            }
        }
        Ok(listed)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<FirstAndLast<'de>, A::Error> {
        pass_over_map(map)
    }
}

impl<'de> Deserialize<'de> for FirstAndLast<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListedVisitor)
    }
}

struct CodeVisitor;

impl<'de> Visitor<'de> for CodeVisitor {
    type Value = Code;
    pass_over!(null, list);
    pass_over!(visit_bool: bool, visit_i128: i128, visit_u128: u128);

    fn visit_f64<E>(self, number: f64) -> Result<Code, E> {
        Ok(Code(whole_code(number)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Code, E> {
        Ok(Code(status_code(text)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Code, E> {
        Ok(Code(u16::try_from(number).ok().filter(|code| *code > 0)))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Code, E> {
        Ok(Code(u16::try_from(number).ok().filter(|code| *code > 0)))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Code, A::Error> {
        pass_over_map(map)
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CodeVisitor)
    }
}

struct FlagVisitor;

impl<'de> Visitor<'de> for FlagVisitor {
    type Value = Flag;
    pass_over!();

    fn visit_bool<E>(self, flag: bool) -> Result<Flag, E> {
        Ok(Flag(Some(flag)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Flag, E> {
        Ok(Flag(text.parse().ok()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Flag, A::Error> {
        pass_over_map(map)
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FlagVisitor)
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Members<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;
    pass_over!();
    pass_over!(visit_bool: bool, visit_str: &str);

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<T>, A::Error> {
        let mut members = T::default();
        while let Some(Key(key)) = map.next_key()? {
            members.member(&key, &mut map)?;
        }
        Ok(Object(members))
    }
}

impl<'de, T: Members<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ObjectVisitor(PhantomData))
    }
}

/// A record, which must be an object.
pub(super) struct RecordObject<T>(pub(super) T);

impl<'de, T: Members<'de>> Deserialize<'de> for RecordObject<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData)).map(|Object(fields)| Self(fields))
    }
}

/// A key, borrowed unless it has an escape.
struct Key<'a>(Cow<'a, str>);

struct KeyVisitor;

impl<'de> Visitor<'de> for KeyVisitor {
    type Value = Key<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Key<'de>, E> {
        Ok(Key(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Key<'de>, E> {
        Ok(Key(Cow::Owned(text.to_owned())))
    }
}

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KeyVisitor)
    }
}
