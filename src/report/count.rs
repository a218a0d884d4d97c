//! Numbers of things in words.

/// A number of things: `1 day`, `1616 days`. `what` is one of them.
///
/// ```
/// use firstseen::report::plural;
///
/// assert_eq!(plural(1_u64, "object"), "1 object");
/// assert_eq!(plural(1_616_u64, "object"), "1616 objects");
/// ```
pub fn plural(number: impl Into<i128>, what: &str) -> String {
    let number = number.into();
    format!("{number} {what}{}", ending(number))
}

/// The same with commas: `1,616 days`.
pub(super) fn counted(number: u64, what: &str) -> String {
    format!("{} {what}{}", grouped(number), ending(number.into()))
}

/// Principals and their accounts, if they have any: `47 principals of 5 accounts`. `of` is the word between them.
pub(super) fn principals_of_accounts(principals: u64, accounts: u64, of: &str) -> String {
    let principals = counted(principals, "principal");
    match accounts {
        0 => principals,
        accounts => format!("{principals} {of} {}", counted(accounts, "account")),
    }
}

/// A whole number with commas: `1,616`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of bytes with a unit: `1.5 kB`, `35.0 MB`.
///
/// ```
/// use firstseen::report::size;
///
/// let sizes = [0, 1, 999, 1_500, 2_000_000, 3_100_000_000, 4_000_000_000_000].map(size);
/// assert_eq!(sizes, ["0 bytes", "1 byte", "999 bytes", "1.5 kB", "2.0 MB", "3.1 GB", "4.0 TB"]);
/// ```
pub fn size(bytes: u64) -> String {
    const UNITS: [(&str, f64); 4] = [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
    let unit = UNITS.into_iter().find(|(_, size)| bytes as f64 >= *size);
    unit.map_or_else(|| counted(bytes, "byte"), |(unit, size)| format!("{:.1} {unit}", bytes as f64 / size))
}

fn ending(number: i128) -> &'static str {
    if number == 1 { "" } else { "s" }
}
