//! The addresses that a request to a cluster came by.

use std::borrow::Cow;

use super::json::Json;

/// `sourceIPs` of the record with this text: what the client or its proxies claim (`X-Forwarded-For`), and last the address that the API
/// server saw itself.
pub fn source_addresses(text: &str) -> Vec<Cow<'_, str>> {
    let listed = Json::new(text).member("sourceIPs");
    listed.into_iter().flat_map(Json::items).filter_map(Json::non_empty_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_in_order() {
        let text = r#"{"sourceIPs":["203.0.113.9","",7,"10.0.0.1"],"verb":"get"}"#;
        assert_eq!(source_addresses(text), ["203.0.113.9", "10.0.0.1"]);
        for none in [r#"{"sourceIPs":"10.0.0.1"}"#, r#"{"sourceIPs":null}"#, "{}", ""] {
            assert!(source_addresses(none).is_empty(), "{none}");
        }
    }
}
