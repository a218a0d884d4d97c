//! Decimal numbers, compared by value and exactly, however they are written.

use std::cmp::Ordering;

/// A decimal number. Equal numbers have equal parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rules) struct Decimal {
    /// -1, 0 or 1.
    sign: i8,
    /// The digits, without zeros around them; none of zero.
    digits: String,
    /// The power of ten of the last digit.
    power: i64,
}

impl Decimal {
    /// Parses a number in decimal digits, with a sign, a point and a power of ten if need be.
    pub(in crate::rules) fn parse(text: &str) -> Option<Self> {
        let (sign, unsigned) = match text.strip_prefix('-') {
            Some(unsigned) => (-1, unsigned),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
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
            return Some(Self { sign: 0, digits: String::new(), power: 0 });
        }
        let power = i64::from(power) - fraction.len() as i64 + (digits.len() - kept.len()) as i64;
        Some(Self { sign, digits: kept.to_owned(), power })
    }

    /// Parses a number of a rule, which may have hexadecimal (`0x64`) or octal digits (`0o17`), too.
    pub(in crate::rules) fn of_rule(text: &str) -> Option<Self> {
        let digits =
            |prefix, radix| text.strip_prefix(prefix).filter(|it| !it.starts_with('+')).map(|it| (it, radix));
        match digits("0x", 16).or_else(|| digits("0o", 8)) {
            Some((digits, radix)) => Self::parse(&u128::from_str_radix(digits, radix).ok()?.to_string()),
            None => Self::parse(text),
        }
    }

    /// One text for all numbers of the same value.
    pub(in crate::rules) fn key(&self) -> String {
        let Self { sign, digits, power } = self;
        match sign {
            0 => "0".to_owned(),
            -1 => format!("-{digits}e{power}"),
            _ => format!("{digits}e{power}"),
        }
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        // Without zeros before them, more digits before the point make a larger number.
        let before_point = |it: &Self| it.power + it.digits.len() as i64;
        let sizes =
            || before_point(self).cmp(&before_point(other)).then_with(|| self.digits.cmp(&other.digits));
        self.sign.cmp(&other.sign).then_with(|| match self.sign {
            -1 => sizes().reverse(),
            0 => Ordering::Equal,
            _ => sizes(),
        })
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// One text for all numbers of the same value. None if the text is no decimal number.
pub(in crate::rules) fn decimal(text: &str) -> Option<String> {
    Decimal::parse(text).map(|number| number.key())
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

    #[test]
    fn numbers_are_ordered_by_value_exactly() {
        let ascending = [
            "-1e30",
            "-12",
            "-1.5",
            "-1",
            "-0.25",
            "0",
            "1e-30",
            "0.05",
            "0.5",
            "0.51",
            "5",
            "9.9",
            "10",
            "10.01",
            "9007199254740992",
            "9007199254740993",
            "1e400",
            "1.5e400",
        ];
        let numbers: Vec<Decimal> = ascending.iter().map(|text| Decimal::parse(text).unwrap()).collect();
        for (left, one) in numbers.iter().enumerate() {
            for (right, other) in numbers.iter().enumerate() {
                assert_eq!(one.cmp(other), left.cmp(&right), "{} {}", ascending[left], ascending[right]);
            }
        }
        assert_eq!(Decimal::parse("-0"), Decimal::parse("0.0"));
        assert_eq!(Decimal::parse("infinity"), None);
        assert_eq!(Decimal::of_rule("0x64"), Decimal::parse("100"));
        assert_eq!(Decimal::of_rule("0o17"), Decimal::parse("15.0"));
        for text in ["0x", "0xg", "0x+1", "0o8", "x10", ""] {
            assert_eq!(Decimal::of_rule(text), None, "{text}");
        }
    }
}
