//! Texts as they were before outputs printed them.

/// What a text may have been before it was printed, if it is not as it was: escapes of invisible characters (`\u{200b}`) undone, and then
/// also the `'` left out that keeps a spreadsheet from taking a cell for a formula.
///
/// ```
/// use firstseen::model::before_printing;
///
/// let names: Vec<String> = before_printing(r"'-z\u{200b}w.json").collect();
/// assert_eq!(names, ["'-z\u{200b}w.json", "-z\u{200b}w.json"]);
/// assert_eq!(before_printing("a.json").count(), 0);
/// ```
pub fn before_printing(text: &str) -> impl Iterator<Item = String> + use<> {
    let visible = without_escapes(text);
    let cell: String =
        text.split_inclusive([';', '|']).map(|part| part.strip_prefix('\'').unwrap_or(part)).collect();
    let of_cell = without_escapes(&cell);
    let of_cell = Some(of_cell).filter(|name| *name != visible && name != text);
    Some(visible).filter(|name| name != text).into_iter().chain(of_cell)
}

/// A text with the characters that `\u{…}` stands for.
pub fn without_escapes(text: &str) -> String {
    with_escapes_as(text, |c, plain| plain.push(c))
}

/// A text in which `write` writes the characters that `\u{…}` stands for.
///
/// ```
/// use firstseen::model::with_escapes_as;
///
/// let upper = |c: char, plain: &mut String| plain.extend(c.to_uppercase());
/// assert_eq!(with_escapes_as(r"a\u{62}c\u{xyz}", upper), r"aBc\u{xyz}");
/// ```
pub fn with_escapes_as(text: &str, mut write: impl FnMut(char, &mut String)) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(r"\u{") {
        plain.push_str(before);
        let escape = after.split_once('}').filter(|(digits, _)| digits.len() <= 6);
        let found = escape.and_then(|(digits, behind)| {
            Some((char::from_u32(u32::from_str_radix(digits, 16).ok()?)?, behind))
        });
        rest = if let Some((c, behind)) = found {
            write(c, &mut plain);
            behind
        } else {
            plain.push_str(r"\u{");
            after
        };
    }
    plain.push_str(rest);
    plain
}
