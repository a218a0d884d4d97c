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

fn ending(number: i128) -> &'static str {
    if number == 1 { "" } else { "s" }
}
