//! The columns of a table: the fields of a row, with what their values are.

use std::borrow::Cow;

use serde::Serialize;

use crate::time::{Day, Timestamp};

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ColumnKind {
    Text,
    Number,
    Boolean,
    Time,
    Day,
}

/// A column by its published name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: ColumnKind,
}

/// A row of a table.
pub(super) trait Row: Serialize {
    /// The columns, in the order in which the row is written.
    fn columns() -> Vec<Column>;

    /// The names of the columns.
    fn names() -> Vec<&'static str> {
        Self::columns().into_iter().map(|column| column.name).collect()
    }
}

/// A published value. Its type says what its column holds.
pub(super) trait Published {
    /// What the column holds.
    const KIND: ColumnKind;

    /// Whether there is a value.
    fn is_present(&self) -> bool {
        true
    }
}

impl<T: Published> Published for Option<T> {
    const KIND: ColumnKind = T::KIND;

    fn is_present(&self) -> bool {
        self.is_some()
    }
}

macro_rules! of_kind {
    ($($kind:ident: $($type:ty),+;)+) => {
        $($(impl Published for $type {
            const KIND: ColumnKind = ColumnKind::$kind;
        })+)+
    };
}

of_kind! {
    Text: String, &'static str, Cow<'_, str>;
    Number: u32, u64, usize, f64;
    Boolean: bool;
    Time: Timestamp;
    Day: Day;
}

/// Declares the struct of a row. Its columns are its fields, so that names, kinds and values agree.
macro_rules! row {
    ($(#[$about:meta])* $vis:vis struct $name:ident$(<$life:lifetime>)? {
        $($field_vis:vis $field:ident: $type:ty,)*
    }) => {
        $(#[$about])*
        $vis struct $name$(<$life>)? {
            $($field_vis $field: $type,)*
        }

        impl$(<$life>)? $crate::report::columns::Row for $name$(<$life>)? {
            fn columns() -> Vec<$crate::report::columns::Column> {
                vec![$($crate::report::columns::Column {
                    name: stringify!($field),
                    kind: <$type as $crate::report::columns::Published>::KIND,
                }),*]
            }
        }
    };
}

/// Declares a row that is also written as a JSON object.
macro_rules! published {
    ($(#[$about:meta])* pub struct $name:ident<$life:lifetime> { $(pub $field:ident: $type:ty,)* }) => {
        $crate::report::columns::row! {
            $(#[$about])*
            pub struct $name<$life> {
                $(pub $field: $type,)*
            }
        }

        impl $name<'_> {
            /// The names of the fields, in order.
            pub const COLUMNS: &'static [&'static str] = &[$(stringify!($field)),*];

            /// Adds the fields that have a value to a JSON object, except those in `without`.
            pub(in crate::report) fn add_present<M: serde::ser::SerializeMap>(
                &self,
                without: &[&str],
                object: &mut M,
            ) -> Result<(), M::Error> {
                use $crate::report::columns::Published;
                $(
                    if self.$field.is_present() && !without.contains(&stringify!($field)) {
                        object.serialize_entry(stringify!($field), &self.$field)?;
                    }
                )*
                Ok(())
            }
        }
    };
}

pub(super) use {published, row};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::FindingRow;

    #[test]
    fn the_type_of_a_field_says_what_its_column_holds() {
        let columns = FindingRow::columns();
        assert_eq!(FindingRow::names(), FindingRow::COLUMNS);
        let of_kind = |kind: ColumnKind| {
            let of_kind = columns.iter().filter(|column| column.kind == kind);
            of_kind.map(|column| column.name).collect::<Vec<_>>()
        };
        assert_eq!(of_kind(ColumnKind::Time), ["time", "first_success", "anchor_time", "last_time"]);
        assert_eq!(
            of_kind(ColumnKind::Number),
            [
                "age_days",
                "record",
                "other_principals",
                "archive",
                "gap_days",
                "count",
                "covered_days",
                "gap_before"
            ]
        );
        assert_eq!(
            of_kind(ColumnKind::Boolean),
            ["read_only", "first_for_account", "first_for_archive", "known_to_iam"]
        );
    }
}
