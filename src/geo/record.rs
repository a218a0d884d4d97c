//! The fields of a record, under the names that each publisher gives them.
//!
//! Sources: MaxMind, "GeoLite2/GeoIP2 binary databases" (ASN, ISP, Country, City, Enterprise); DB-IP, "MMDB format", which has
//! the same names; IPinfo, "Database schemas" (Lite, Core, and the older country and ASN databases).

/// Paths to the number of the autonomous system. The first that is there counts, here and below.
pub(super) const AS_NUMBER: [&[&str]; 4] = [
    &["autonomous_system_number"],
    &["asn"],
    &["as", "asn"],
    // Enterprise databases.
    &["traits", "autonomous_system_number"],
];

/// Paths to the name of the autonomous system. `name` is that of IPinfo's ASN database.
pub(super) const AS_NAME: [&[&str]; 5] = [
    &["autonomous_system_organization"],
    &["as_name"],
    &["as", "name"],
    &["traits", "autonomous_system_organization"],
    &["name"],
];

/// Paths to the code of the country. MaxMind knows of some networks only where they are registered. In IPinfo's databases
/// `country` is a code, or a name beside `country_code`.
pub(super) const COUNTRY: [&[&str]; 5] = [
    &["country", "iso_code"],
    &["country_code"],
    &["geo", "country_code"],
    &["country"],
    &["registered_country", "iso_code"],
];

/// The number of steps of the longest path.
pub(super) const LONGEST_PATH: usize = 2;

/// Whether a path has a field with this name.
pub(super) fn is_field(name: &str) -> bool {
    [&AS_NUMBER[..], &AS_NAME, &COUNTRY].into_iter().flatten().any(|path| path.contains(&name))
}

/// The number in `AS64500` or `64500`.
pub(super) fn as_number(text: &str) -> Option<u32> {
    let digits = text.get(..2).filter(|start| start.eq_ignore_ascii_case("as")).map_or(text, |_| &text[2..]);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| is_number)
}

/// The code of a country, in capitals; none if the text is something else, such as its name.
pub(super) fn country_code(text: &str) -> Option<String> {
    (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic()))
        .then(|| text.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_is_longer_than_what_is_read() {
        let paths = [&AS_NUMBER[..], &AS_NAME, &COUNTRY].into_iter().flatten();
        assert_eq!(paths.map(|path| path.len()).max(), Some(LONGEST_PATH));
    }

    #[test]
    fn numbers_of_autonomous_systems_may_have_a_prefix() {
        for text in ["64500", "AS64500", "as64500"] {
            assert_eq!(as_number(text), Some(64500), "{text}");
        }
        for text in ["", "AS", "AS+1", "ASx", "4294967296", "ä1", "é"] {
            assert_eq!(as_number(text), None, "{text}");
        }
    }

    #[test]
    fn only_two_letters_are_the_code_of_a_country() {
        assert_eq!(country_code("de").as_deref(), Some("DE"));
        for text in ["", "D", "DEU", "Germany", "D1", "é"] {
            assert_eq!(country_code(text), None, "{text}");
        }
    }
}
