//! Decimal numbers, compared by value and exactly, however they are written.

/// One text for all numbers of the same value: the sign, the digits without zeros around them, and the power of ten. None if the text is no decimal
/// number.
pub(in crate::rules) fn decimal(text: &str) -> Option<String> {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(unsigned) => ("-", unsigned),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (digits, power) = match unsigned.split_once(['e', 'E']) {
        Some((digits, power)) => (digits, power.parse::<i32>().ok()?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let digits = [whole, fraction].concat();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = digits.trim_start_matches('0');
    let kept = digits.trim_end_matches('0');
    if kept.is_empty() {
        return Some("0".to_owned());
    }
    let power = i64::from(power) - fraction.len() as i64 + (digits.len() - kept.len()) as i64;
    Some(format!("{sign}{kept}e{power}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_equal_value_have_one_form() {
        for same in [
            &["0", "0.0", "-0", "+0e7", "000"][..],
            &["5", "5.0", "5.", "05", "+5", "50e-1", "0.5E1"],
            &["-0.25", "-.25", "-25e-2"],
            &["1200", "1.2e3", "12e+2"],
            &["9007199254740993", "9007199254740993.0"],
        ] {
            let forms: Vec<_> = same.iter().map(|text| decimal(text)).collect();
            assert!(forms[0].is_some() && forms.iter().all(|form| *form == forms[0]), "{same:?} {forms:?}");
        }
        assert_ne!(decimal("9007199254740993"), decimal("9007199254740992"));
        assert_ne!(decimal("5"), decimal("-5"));
        for text in
            ["", ".", "-", "e5", "5e", "1.2.3", "0x10", "1_000", "5 ", "٣", "1e99999999999", "nan", "\"5\""]
        {
            assert_eq!(decimal(text), None, "{text}");
        }
    }
}
