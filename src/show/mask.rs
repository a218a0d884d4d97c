//! Hides secrets in the text of a record: session tokens, passwords, keys, the data of secrets in a cluster.
//!
//! Only the content of a secret is replaced; every other byte stays. Names decide, in any depth, in any case and with or without
//! `-` and `_`. AWS hides most secrets itself; what its records do carry is listed in [`NAMES`].

use std::borrow::Cow;

use super::{Token, Tokens};
use crate::decode::Json;

/// What replaces a secret.
pub const MASK: &str = "(masked)";

/// Members whose values are secrets: credentials of STS and Cognito, tokens of federation and of signed URLs (AWS General
/// Reference, "Signature Version 4"), values of Secrets Manager, keys of EC2 and ACM, tokens of service accounts, URLs of console
/// sign-ins and Session Manager streams.
const NAMES: [&str; 30] = [
    "accesstoken",
    "authorization",
    "authorizationtoken",
    "authtoken",
    "base32stringseed",
    "bearertoken",
    "clientsecret",
    "idtoken",
    "keymaterial",
    "loginto",
    "passworddata",
    "plaintext",
    "privatekey",
    "qrcodepng",
    "refreshtoken",
    "samlassertion",
    "secretaccesskey",
    "secretbinary",
    "secretkey",
    "secretstring",
    "securitytoken",
    "sessiontoken",
    "signintoken",
    "streamurl",
    "token",
    "tokencode",
    "tokenvalue",
    "webidentitytoken",
    "xamzsecuritytoken",
    "xamzsignature",
];

/// Ends of names of secrets: `masterUserPassword`, `dbPassword`, `passphrase`.
const NAME_ENDS: [&str; 2] = ["password", "passphrase"];

/// Members of a secret in a cluster that hold its content, also in a JSON patch and in what kubectl notes of the object.
const NAMES_IN_SECRETS: [&str; 4] =
    ["data", "stringdata", "value", "kubectlkubernetesiolastappliedconfiguration"];

/// Parameters of URLs whose values are secrets.
const PARAMETERS: [&str; 7] = [
    "x-amz-signature=",
    "x-amz-security-token=",
    "&signature=",
    "?signature=",
    "access_token=",
    "id_token=",
    "signintoken=",
];

/// What AWS writes in place of a secret. It tells more than the mask.
const HIDDEN_BY_AWS: [&str; 4] =
    ["", "HIDDEN_DUE_TO_SECURITY_REASONS", "<sensitiveDataRemoved>", "Value hidden due to security reasons."];

/// How many levels of JSON in strings of JSON are examined.
const MOST_NESTED: u32 = 4;

/// A text without its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Masked<'a> {
    /// The text.
    pub text: Cow<'a, str>,
    /// Number of secrets that were replaced.
    pub count: usize,
}

/// The JSON text of a record with [`MASK`] in place of secrets, and every other byte unchanged. A string that holds JSON is written
/// anew if a secret in it is masked.
///
/// ```
/// use firstseen::show::masked;
///
/// let masked = masked(r#"{"credentials": {"accessKeyId":"ASIAEXAMPLE", "sessionToken":"FwoG\"x"}}"#);
/// assert_eq!(masked.text, r#"{"credentials": {"accessKeyId":"ASIAEXAMPLE", "sessionToken":"(masked)"}}"#);
/// assert_eq!(masked.count, 1);
/// ```
pub fn masked(text: &str) -> Masked<'_> {
    let json = Json::new(text);
    let resource = json.member("objectRef").and_then(|object| object.member("resource"));
    let is_kind = |json: Json<'_>| json.member("kind").is_some_and(|kind| kind.text().starts_with("Secret"));
    let has_secret = resource.is_some_and(|resource| resource.text() == "secrets")
        || ["requestObject", "responseObject"].iter().filter_map(|name| json.member(name)).any(is_kind);
    masked_within(text, has_secret || is_kind(json), MOST_NESTED)
}

/// An object or a list around a token.
#[derive(Clone, Copy, Default)]
struct Frame {
    is_object: bool,
    /// Whether everything in it is secret.
    is_secret: bool,
    /// Whether the last key is that of a secret.
    is_key_secret: bool,
    /// Whether a key comes next.
    wants_key: bool,
}

/// Masks a text; `of_secret` says whether it is about a secret of a cluster.
fn masked_within(text: &str, of_secret: bool, levels: u32) -> Masked<'_> {
    let mut frames: Vec<Frame> = Vec::new();
    let (mut out, mut taken, mut count) = (String::new(), 0, 0);
    for (at, token) in Tokens::new(text) {
        let frame = frames.last().copied().unwrap_or_default();
        let is_secret = frame.is_secret || frame.is_object && frame.is_key_secret;
        let replaced = match token {
            Token::Open(bracket) => {
                let is_object = bracket == '{';
                frames.push(Frame { is_object, is_secret, is_key_secret: false, wants_key: is_object });
                continue;
            }
            Token::Close(_) => {
                frames.pop();
                continue;
            }
            Token::Comma | Token::Colon => {
                if let Some(frame) = frames.last_mut() {
                    frame.wants_key = frame.is_object && token == Token::Comma;
                }
                continue;
            }
            Token::Text(key) if frame.wants_key => {
                if let Some(frame) = frames.last_mut() {
                    frame.is_key_secret = is_secret_name(&Json::new(key).text(), of_secret);
                }
                continue;
            }
            Token::Text(value) if is_secret => mask_string(value),
            Token::Text(value) => masked_in_string(value, levels),
            Token::Other("true" | "false" | "null") => None,
            Token::Other(value) => is_secret.then(|| (value.len(), format!("\"{MASK}\""), 1)),
        };
        if let Some((length, replacement, secrets)) = replaced {
            out.push_str(&text[taken..at]);
            out.push_str(&replacement);
            taken = at + length;
            count += secrets;
        }
    }
    if count == 0 {
        return Masked { text: Cow::Borrowed(text), count };
    }
    out.push_str(&text[taken..]);
    Masked { text: Cow::Owned(out), count }
}

/// Whether the value of a member is a secret.
fn is_secret_name(name: &str, of_secret: bool) -> bool {
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    NAMES.binary_search(&&*plain).is_ok()
        || NAME_ENDS.iter().any(|end| plain.ends_with(end))
        || of_secret && NAMES_IN_SECRETS.contains(&&*plain)
}

/// The length of a string that is a secret, what replaces it, and the number of secrets in it.
fn mask_string(value: &str) -> Option<(usize, String, usize)> {
    let inner = value.trim_matches('"');
    let is_hidden = HIDDEN_BY_AWS.contains(&inner) || inner.bytes().all(|byte| byte == b'*');
    (!is_hidden).then(|| (value.len(), format!("\"{MASK}\""), 1))
}

/// The same for a string that may hold secrets: in the parameters of a URL, or in JSON.
fn masked_in_string(value: &str, levels: u32) -> Option<(usize, String, usize)> {
    if let Some((text, count)) = masked_parameters(value) {
        return Some((value.len(), text, count));
    }
    let inner = value.strip_prefix('"')?.trim_start();
    if levels == 0 || !inner.starts_with(['{', '[', '\\']) {
        return None;
    }
    let decoded = Json::new(value).text();
    let kind = Json::new(&decoded).member("kind");
    let of_secret = kind.is_some_and(|kind| kind.text().starts_with("Secret"));
    let Masked { text, count } = masked_within(&decoded, of_secret, levels - 1);
    (count > 0).then(|| (value.len(), serde_json::Value::from(&*text).to_string(), count))
}

/// A text with masked parameters, and how many there are.
fn masked_parameters(value: &str) -> Option<(String, usize)> {
    let lower = value.to_ascii_lowercase();
    let (mut out, mut taken, mut count) = (String::new(), 0, 0);
    for (at, _) in lower.match_indices('=') {
        let start = at + 1;
        if start < taken || !PARAMETERS.iter().any(|name| lower[..start].ends_with(name)) {
            continue;
        }
        let length = lower[start..].find(['&', '"', '\\', ' ', ';', '#']).unwrap_or(lower.len() - start);
        if length > 0 {
            out.push_str(&value[taken..start]);
            out.push_str(MASK);
            taken = start + length;
            count += 1;
        }
    }
    out.push_str(&value[taken..]);
    (count > 0).then_some((out, count))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_sorted() {
        assert!(NAMES.is_sorted());
    }

    #[test]
    fn secrets_are_masked_and_the_rest_is_kept() {
        for (text, expected) in [
            (r#"{ "a" : "\u0041", "SecretString":"x" }"#, r#"{ "a" : "\u0041", "SecretString":"(masked)" }"#),
            (r#"{"session\u0054oken":"x\\\"y","b":1}"#, r#"{"session\u0054oken":"(masked)","b":1}"#),
            (r#"{"masterUserPassword":7,"z":[1]}"#, r#"{"masterUserPassword":"(masked)","z":[1]}"#),
            (r#"{"privateKey":["x",null],"b":"y"}"#, r#"{"privateKey":["(masked)",null],"b":"y"}"#),
            (r#"{"password":{"a":"x"},"b":"y"}"#, r#"{"password":{"a":"(masked)"},"b":"y"}"#),
            (
                r#"{"u":"https://s3/?X-Amz-Signature=ab\u0026X-Amz-Date=1"}"#,
                r#"{"u":"https://s3/?X-Amz-Signature=(masked)\u0026X-Amz-Date=1"}"#,
            ),
            (
                r#"{"p":"{\"sessionToken\":\"x\",\"k\":\"\u0041\"}"}"#,
                r#"{"p":"{\"sessionToken\":\"(masked)\",\"k\":\"A\"}"}"#,
            ),
            (r#"{"sessionToken":"x"#, r#"{"sessionToken":"(masked)""#),
        ] {
            assert_eq!(masked(text).text, expected);
        }
    }

    #[test]
    fn what_is_no_secret_is_kept() {
        for text in [
            r#"{"nextToken":"x","clientRequestToken":"y","accessKeyId":"ASIAEXAMPLE","tokenX":"z"}"#,
            r#"{"password":"HIDDEN_DUE_TO_SECURITY_REASONS","masterUserPassword":"****","token":null,"plaintext":true}"#,
            r#"{"data":{"a":"x"},"kind":"Event","requestObject":{"kind":"ConfigMap","data":{"a":"b"}}}"#,
            r#"["sessionToken","x"]"#,
            r#"{"a":"sessionToken"}"#,
            "",
            "}}{]",
        ] {
            assert_eq!(masked(text), Masked { text: Cow::Borrowed(text), count: 0 });
        }
    }

    #[test]
    fn secrets_of_clusters_are_masked() {
        let text = r#"{"kind":"Event","objectRef":{"resource":"secrets"},"requestObject":{"metadata":{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"x"}},"data":{"a":"b","c":"d"}},"responseObject":[{"op":"add","path":"/data/x","value":"y"}]}"#;
        let Masked { text, count } = masked(text);
        assert_eq!(count, 4);
        assert!(text.contains(r#""data":{"a":"(masked)","c":"(masked)"}"#), "{text}");
        let applied =
            r#"{"requestObject":{"kind":"List","note":"{\"kind\":\"Secret\",\"data\":{\"a\":\"b\"}}"}}"#;
        assert_eq!(masked(applied).count, 1);
    }

    proptest! {
        #[test]
        fn any_text_can_be_masked(text in r#"([\[\]{},:"\\]|"token":|"data"|null|é|x|1){0,30}"#) {
            let once = masked(&text).text.into_owned();
            prop_assert_eq!(masked(&text).count == 0, once == text);
        }

        #[test]
        fn no_secret_is_left(secret in "[a-z]{12}", depth in 0..40_usize) {
            let open = r#"{"a":["#.repeat(depth);
            let close = "]}".repeat(depth);
            let text = format!(r#"{open}{{"k":"v","SessionToken":"{secret}"}}{close}"#);
            prop_assert!(!masked(&text).text.contains(&secret));
        }
    }
}
