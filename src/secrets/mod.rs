//! Hides secrets in the text of a record, or in a URL: session tokens, passwords, keys, the data of secrets in a cluster.
//!
//! Only the content of a secret is replaced; every other byte stays. Names decide, in any depth, in any case and with or without
//! `-` and `_`; also in JSON within strings, in parameters of URLs, and in both with escapes (`Layer`). AWS hides most secrets itself;
//! what its records do carry is listed in `NAMES`. [`Tokens`] reads the text of a record token by token, whatever is wrong with it.

mod layer;
mod tokens;

use std::borrow::Cow;
use std::cmp::Reverse;
use std::ops::Range;

use layer::Layer;

pub use tokens::{Token, Tokens};

/// What replaces a secret.
pub const MASK: &str = "(masked)";

/// Members whose values are secrets: credentials of STS and Cognito, tokens of federation and of signed URLs (AWS General
/// Reference, "Signature Version 4"), values of Secrets Manager, keys of EC2 and ACM, tokens of service accounts, URLs of console
/// sign-ins and Session Manager streams.
const NAMES: [&str; 32] = [
    "accesstoken",
    "authorization",
    "authorizationtoken",
    "authorizetoken",
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
    "sessionkey",
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

/// Members with secrets of a client of OpenShift's logins, and of a build: what its webhooks are called with. Other objects have names of
/// secrets there.
const NAMES_IN_CLIENTS: [&str; 2] = ["secret", "additionalsecrets"];

/// Parameters of URLs whose values are secrets, besides [`NAMES`]. The words mean something else outside of URLs. `code` and what
/// proves whose it is are exchanged for a token (OAuth 2.0).
const PARAMETERS: [&str; 4] = ["code", "codeverifier", "sig", "signature"];

/// What AWS writes in place of a secret. It tells more than the mask.
const HIDDEN_BY_AWS: [&str; 4] =
    ["", "HIDDEN_DUE_TO_SECURITY_REASONS", "<sensitiveDataRemoved>", "Value hidden due to security reasons."];

/// What is before the secret in the path of a build's webhook.
const WEBHOOKS: &str = "/webhooks/";

/// How many levels of JSON in strings and of percent-encoding are examined. What is nested deeper is masked as a whole.
const MOST_NESTED: u32 = 6;

/// A text without its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Masked<'a> {
    /// The text.
    pub text: Cow<'a, str>,
    /// Number of secrets that were replaced.
    pub count: usize,
}

/// The JSON text of a record with [`MASK`] in place of secrets, and every other byte unchanged.
///
/// ```
/// use firstseen::secrets::masked;
///
/// let masked = masked(r#"{"credentials": {"accessKeyId":"ASIAEXAMPLE", "sessionToken":"FwoG\"x"}}"#);
/// assert_eq!(masked.text, r#"{"credentials": {"accessKeyId":"ASIAEXAMPLE", "sessionToken":"(masked)"}}"#);
/// assert_eq!(masked.count, 1);
/// ```
pub fn masked(text: &str) -> Masked<'_> {
    let mut secrets = Secrets::default();
    secrets.search_json(text, Subject::of(text), MOST_NESTED);
    secrets.replaced_in(text)
}

/// The URL of a request with [`MASK`] in place of secrets, in its parameters and what is encoded in them.
///
/// ```
/// use firstseen::secrets::masked_url;
///
/// assert_eq!(masked_url("/api/v1/pods?watch=true&access_token=eyJh"), "/api/v1/pods?watch=true&access_token=(masked)");
/// ```
pub fn masked_url(url: &str) -> Cow<'_, str> {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let is_plain = !path.contains(['=', '%']) && !path.contains(WEBHOOKS) && !query.contains(['#', ';', '?']);
    if is_plain && (query.is_empty() || query.split('&').all(is_harmless)) {
        return Cow::Borrowed(url);
    }
    let mut secrets = Secrets::default();
    secrets.search_string(url, 0..url.len(), Subject::default(), MOST_NESTED);
    secrets.replaced_in(url).text
}

/// Whether a parameter of a request to a cluster is one of those that nearly all requests have. They hold no secrets; to know them
/// saves most of the time.
fn is_harmless(parameter: &str) -> bool {
    const NAMES: [&str; 14] = [
        "limit",
        "watch",
        "timeout",
        "timeoutSeconds",
        "resourceVersion",
        "resourceVersionMatch",
        "allowWatchBookmarks",
        "sendInitialEvents",
        "fieldSelector",
        "labelSelector",
        "fieldManager",
        "fieldValidation",
        "force",
        "dryRun",
    ];
    NAMES.contains(&parameter.split_once('=').map_or(parameter, |(name, _)| name))
}

/// What a text is about, as far as it decides which members are secrets: the resource, or an object of some kind in it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Subject {
    /// A secret of a cluster.
    is_secret: bool,
    /// A client of OpenShift's logins, or a build.
    is_client: bool,
}

impl Subject {
    fn of(text: &str) -> Self {
        let mut subject = Self::default();
        let (mut last, mut key) = (None, None);
        for (_, token) in Tokens::new(text) {
            let key_before = key.take();
            match token {
                Token::Text(string) => last = Some(string),
                Token::Colon => key = last.take(),
                _ => last = None,
            }
            let (Some(key), Token::Text(value)) = (key_before, token) else { continue };
            let (is_resource, is_kind) = match &*decoded(unquoted(key)) {
                "resource" => (true, false),
                "kind" => (false, true),
                _ => continue,
            };
            let value = decoded(unquoted(value));
            subject.is_secret |= is_resource && value == "secrets" || is_kind && value.starts_with("Secret");
            subject.is_client |= is_resource && matches!(&*value, "oauthclients" | "buildconfigs" | "builds")
                || is_kind && ["OAuthClient", "Build"].iter().any(|kind| value.starts_with(kind));
        }
        subject
    }

    fn or(self, other: Self) -> Self {
        Self { is_secret: self.is_secret || other.is_secret, is_client: self.is_client || other.is_client }
    }
}

/// The secrets of a text: where they are, and what replaces them.
#[derive(Default)]
struct Secrets(Vec<(Range<usize>, String)>);

/// An object or a list around a token.
#[derive(Clone, Copy, Default)]
struct Frame {
    is_object: bool,
    /// Whether everything in it is secret.
    is_secret: bool,
    /// Whether the last key is that of a secret.
    is_key_secret: bool,
    /// Whether the last key is that of a secret if its value is a text: an object is a reference to one.
    is_key_of_text: bool,
    /// Whether a key comes next.
    wants_key: bool,
}

impl Secrets {
    /// Adds the secrets in a text that is JSON, or has JSON in it. `subject` is what it is about.
    fn search_json(&mut self, text: &str, subject: Subject, levels: u32) {
        let mut end = 0;
        while let Some(start) = json_start(text, end) {
            end = start + self.search_value(&text[start..], start, subject, levels);
        }
    }

    /// Adds the secrets of the JSON value that begins a text, which is at `start`; returns the end of the value in the text.
    fn search_value(&mut self, text: &str, start: usize, subject: Subject, levels: u32) -> usize {
        let mut frames = vec![Frame::default()];
        let mut last_text = None;
        for (at, token) in Tokens::new(text) {
            let depth = frames.len();
            let Some(frame) = frames.last_mut() else { break };
            let is_secret = frame.is_secret || frame.is_key_secret;
            let previous = last_text.take();
            let place = |part: &str| start + at..start + at + part.len();
            match token {
                Token::Open(bracket) => {
                    let is_object = bracket == '{';
                    let is_of_text = frame.is_key_of_text && !is_object;
                    let is_secret = is_secret || is_of_text;
                    frames.push(Frame { is_object, is_secret, wants_key: is_object, ..Frame::default() });
                }
                Token::Close(_) if depth <= 2 => return at + 1,
                Token::Close(_) => drop(frames.pop()),
                Token::Comma => {
                    (frame.is_key_secret, frame.is_key_of_text) = (false, false);
                    frame.wants_key = frame.is_object;
                }
                // Also in a broken text, what is before a colon is a key.
                Token::Colon => {
                    frame.is_key_secret |= previous.is_some_and(|key| is_secret_key(key, subject));
                    frame.is_key_of_text |= previous.is_some_and(|key| is_client_key(key, subject));
                }
                Token::Text(string) => {
                    last_text = Some(string);
                    let content = unquoted(string);
                    let at = place(string).start + 1;
                    let is_key = std::mem::take(&mut frame.wants_key);
                    if is_key {
                        frame.is_key_secret = is_secret_key(string, subject);
                        frame.is_key_of_text = is_client_key(string, subject);
                    }
                    match (is_secret || frame.is_key_of_text) && !is_key {
                        true => self.add(content, at..at + content.len(), MASK.to_owned()),
                        false => self.search_string(content, at..at + content.len(), subject, levels),
                    }
                }
                Token::Other("true" | "false" | "null") => {}
                Token::Other(value) if is_secret => self.add(value, place(value), format!("\"{MASK}\"")),
                Token::Other(value) => self.search_parameters(value, place(value).start),
            }
        }
        text.len()
    }

    /// Adds the secrets in the content of a string, which is at a place.
    fn search_string(&mut self, content: &str, place: Range<usize>, subject: Subject, levels: u32) {
        let layers = [Layer::unescaped(content), Layer::percent_decoded(content)];
        if layers[0].is_none() {
            self.search_parameters(content, place.start);
            self.search_webhooks(content, place.start);
        }
        for layer in layers.into_iter().flatten() {
            if levels == 0 {
                return self.add(content, place, MASK.to_owned());
            }
            let mut below = Self::default();
            below.search_text(&layer.text, subject, levels - 1);
            let found = below.0.into_iter().map(|(range, replacement)| {
                let origin = layer.origin(&range);
                (place.start + origin.start..place.start + origin.end, layer.written(&replacement))
            });
            self.0.extend(found);
        }
    }

    /// Adds the secrets in a text that was decoded.
    fn search_text(&mut self, text: &str, subject: Subject, levels: u32) {
        let subject = subject.or(Subject::of(text));
        self.search_json(text, subject, levels);
        self.search_string(text, 0..text.len(), subject, levels);
    }

    /// Adds the secrets in the parameters of a URL, which are at `start`.
    fn search_parameters(&mut self, text: &str, start: usize) {
        let mut end = 0;
        for (equals, _) in text.match_indices('=') {
            if equals < end || !is_secret_parameter(&text[..equals]) {
                continue;
            }
            let quote = text[equals + 1..].chars().next().filter(|c| matches!(c, '"' | '\''));
            let value = equals + 1 + quote.map_or(0, char::len_utf8);
            let is_end = |c: char| match quote {
                Some(quote) => c == quote,
                None => matches!(c, '&' | '"' | ';' | '#') || c.is_whitespace(),
            };
            end = text[value..].find(is_end).map_or(text.len(), |length| value + length);
            self.add(&text[value..end], start + value..start + end, MASK.to_owned());
        }
    }

    /// Adds the secrets with which webhooks of builds are called, in paths that are at `start`:
    /// `…/buildconfigs/NAME/webhooks/SECRET/generic`.
    fn search_webhooks(&mut self, text: &str, start: usize) {
        for (at, found) in text.match_indices(WEBHOOKS) {
            let is_of_build = text[..at].rsplit('/').nth(1) == Some("buildconfigs");
            let secret = at + found.len();
            let is_end = |c: char| matches!(c, '/' | '?' | '#' | '"') || c.is_whitespace();
            let end = text[secret..].find(is_end).map_or(text.len(), |length| secret + length);
            if is_of_build {
                self.add(&text[secret..end], start + secret..start + end, MASK.to_owned());
            }
        }
    }

    /// Adds a secret, unless it is hidden already.
    fn add(&mut self, secret: &str, place: Range<usize>, replacement: String) {
        let secret = decoded(secret);
        let is_hidden = HIDDEN_BY_AWS.contains(&&*secret) || secret.bytes().all(|byte| byte == b'*');
        if !is_hidden && secret != MASK {
            self.0.push((place, replacement));
        }
    }

    /// The text without its secrets. What overlaps is one secret.
    fn replaced_in(mut self, text: &str) -> Masked<'_> {
        if self.0.is_empty() {
            return Masked { text: Cow::Borrowed(text), count: 0 };
        }
        self.0.sort_by_key(|(place, _)| (place.start, Reverse(place.end)));
        let (mut out, mut taken, mut count) = (String::new(), 0, 0);
        for (Range { start, end }, replacement) in self.0 {
            if start >= taken {
                out.push_str(&text[taken..start]);
                out.push_str(&replacement);
                count += 1;
            }
            taken = taken.max(end);
        }
        out.push_str(&text[taken..]);
        Masked { text: Cow::Owned(out), count }
    }
}

/// Where JSON begins, at `from` or later.
fn json_start(text: &str, from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    let blanks = rest.len() - rest.trim_start().len();
    // A text may begin inside an object.
    if from == 0 && rest[blanks..].starts_with('"') {
        return Some(blanks);
    }
    rest.find(['{', '[']).map(|start| from + start)
}

/// A string without its quotes; the last one of a text may lack the second.
fn unquoted(string: &str) -> &str {
    let content = string.strip_prefix('"').unwrap_or(string);
    let backslashes = |text: &str| text.bytes().rev().take_while(|byte| *byte == b'\\').count();
    content.strip_suffix('"').filter(|content| backslashes(content) % 2 == 0).unwrap_or(content)
}

/// What the content of a string stands for.
fn decoded(content: &str) -> Cow<'_, str> {
    Layer::unescaped(content).map_or(Cow::Borrowed(content), |layer| Cow::Owned(layer.text))
}

/// Whether the value of a member is a secret, by its key with quotes.
fn is_secret_key(key: &str, subject: Subject) -> bool {
    let name = plain(&decoded(unquoted(key)));
    is_secret_name(&name) || subject.is_secret && NAMES_IN_SECRETS.contains(&&*name)
}

/// Whether the value of a member is a secret if it is a text, by its key with quotes.
fn is_client_key(key: &str, subject: Subject) -> bool {
    subject.is_client && NAMES_IN_CLIENTS.contains(&&*plain(&decoded(unquoted(key))))
}

/// Whether the value of a parameter is a secret, by the text before its `=`.
fn is_secret_parameter(before: &str) -> bool {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let rest = before.trim_end_matches(is_of_name);
    let name = plain(&before[rest.len()..]);
    is_secret_name(&name) || PARAMETERS.contains(&&*name) && rest.ends_with(['?', '&', ';', '#'])
}

/// A name in lower case, without anything but letters and digits.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether a plain name is that of a secret.
fn is_secret_name(name: &str) -> bool {
    NAMES.binary_search(&name).is_ok() || NAME_ENDS.iter().any(|end| name.ends_with(end))
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
                r#"{"p":"{\"sessionToken\":\"(masked)\",\"k\":\"\u0041\"}"}"#,
            ),
            (r#"{"p":"{\"pin\":1,\"password\":2}"}"#, r#"{"p":"{\"pin\":1,\"password\":\"(masked)\"}"}"#),
            (r#"{"sessionToken":"x"#, r#"{"sessionToken":"(masked)"#),
            // Both in one string.
            (
                r#"{"p":"{\"u\":\"s3?X-Amz-Signature=x\",\"sessionToken\":\"y\"} ?token=z"}"#,
                r#"{"p":"{\"u\":\"s3?X-Amz-Signature=(masked)\",\"sessionToken\":\"(masked)\"} ?token=(masked)"}"#,
            ),
            (r#"{"u":"s3?a\u0026signature=x\u0026b"}"#, r#"{"u":"s3?a\u0026signature=(masked)\u0026b"}"#),
            (r#"{"u":"s3%3FX-Amz-Signature%3Dx%26b"}"#, r#"{"u":"s3%3FX-Amz-Signature%3D(masked)%26b"}"#),
            (r#"{"c":"login --password=\"x y\" -v"}"#, r#"{"c":"login --password=\"(masked)\" -v"}"#),
            // Texts that are not JSON.
            (r#"{"password" "x"}"#, r#"{"password" "(masked)"}"#),
            (r#"{"a":"b" "password":"x"}"#, r#"{"a":"b" "password":"(masked)"}"#),
            (r#"{"m":"5\" of {\"password\":\"x\"}"}"#, r#"{"m":"5\" of {\"password\":\"(masked)\"}"}"#),
            (r#"{"m":"\ud800 {\"password\":\"x\"}"}"#, r#"{"m":"\ud800 {\"password\":\"(masked)\"}"}"#),
            (
                r#"{"session\ud800Token":"x","{\"password\":\"y\"}":1}"#,
                r#"{"session\ud800Token":"(masked)","{\"password\":\"(masked)\"}":1}"#,
            ),
        ] {
            assert_eq!(masked(text).text, expected);
        }
    }

    #[test]
    fn secrets_in_urls_are_masked() {
        for (url, expected) in [
            ("/api?access_token=x.y&limit=5", "/api?access_token=(masked)&limit=5"),
            ("/api?limit=5&access%5Ftoken=x", "/api?limit=5&access%5Ftoken=(masked)"),
            (
                "/x/proxy/a?u=https%3A%2F%2Fs3%3FX-Amz-Signature%3Dab%26z",
                "/x/proxy/a?u=https%3A%2F%2Fs3%3FX-Amz-Signature%3D(masked)%26z",
            ),
            (
                "/exec?command=login&command=--password%3Dx&tty=true",
                "/exec?command=login&command=--password%3D(masked)&tty=true",
            ),
            ("/x/proxy/token=x", "/x/proxy/token=(masked)"),
            ("/api/v1/pods?labelSelector=a%3Db&watch=true", "/api/v1/pods?labelSelector=a%3Db&watch=true"),
            (
                "/api/v1/secrets?continue=eyJ2&fieldSelector=a",
                "/api/v1/secrets?continue=eyJ2&fieldSelector=a",
            ),
            (
                "/apis/build.openshift.io/v1/namespaces/x/buildconfigs/y/webhooks/S3/generic?dryRun=All",
                "/apis/build.openshift.io/v1/namespaces/x/buildconfigs/y/webhooks/(masked)/generic?dryRun=All",
            ),
            ("/x/buildconfigs/y/web%68ooks/S3/generic", "/x/buildconfigs/y/web%68ooks/(masked)/generic"),
            ("/apis/x/webhooks/y/status", "/apis/x/webhooks/y/status"),
            (
                "/oauth/authorize?client_id=c&code=S3&code_challenge=k&code_verifier=S4",
                "/oauth/authorize?client_id=c&code=(masked)&code_challenge=k&code_verifier=(masked)",
            ),
            ("/oauth/token/implicit#access_token=S3&a=b", "/oauth/token/implicit#access_token=(masked)&a=b"),
            ("/x?limit=5#access_token=S3", "/x?limit=5#access_token=(masked)"),
            ("/x?limit=5;access_token=S3", "/x?limit=5;access_token=(masked)"),
            ("/healthz", "/healthz"),
            ("", ""),
        ] {
            assert_eq!(masked_url(url), expected);
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

    #[test]
    fn secrets_of_clients_and_builds_are_masked_but_not_their_names() {
        let client = r#"{"objectRef":{"resource":"oauthclients"},"requestObject":{"secret":"S1","additionalSecrets":["S2"],"scopes":["a"]}}"#;
        let shown = masked(client);
        assert_eq!((shown.count, shown.text.contains(r#""scopes":["a"]"#)), (2, true), "{}", shown.text);
        let build = r#"{"requestObject":{"kind":"BuildConfig","spec":{"triggers":[{"generic":{"secret":"S1"}},{"github":{"secretReference":{"name":"n"}}}],"source":{"secrets":[{"secret":{"name":"n"}}]}}}}"#;
        let shown = masked(build);
        assert_eq!((shown.count, shown.text.contains("S1")), (1, false), "{}", shown.text);
        let other = r#"{"requestObject":{"kind":"Pod","volumes":[{"secret":"x"}]}}"#;
        assert_eq!(masked(other).count, 0);
    }

    proptest! {
        #[test]
        fn any_text_can_be_masked(text in r#"([\[\]{},:"\\]|"token":|"data"|null|é|x|1){0,30}"#) {
            let once = masked(&text).text.into_owned();
            prop_assert_eq!(masked(&text).count == 0, once == text);
        }

        #[test]
        fn no_secret_is_left(
            secret in "[g-z]{12}",
            (name, spelling) in (prop::sample::select(&NAMES[..]), prop::collection::vec(0..5_u8, 24)),
            is_parameter in any::<bool>(),
            carriers in prop::collection::vec(any_carrier(), 0..4),
            depth in 0..40_usize,
        ) {
            let carriers = || carriers.iter().rev().fold(Vec::new(), |all, carrier| [vec![*carrier], all].concat());
            let mut text = match is_parameter {
                true => format!("https://x/?a=b&{}={secret}&c=d", spelt(name, &spelling, false)),
                false => format!(r#"{{"k":"v","{}" : "{secret}","z":1}}"#, spelt(name, &spelling, true)),
            };
            if is_parameter {
                text = Carrier::String.around(&text);
            }
            for carrier in carriers() {
                text = carrier.around(&text);
            }
            let text = format!(r#"{}{text}{}"#, r#"{"a":["#.repeat(depth), "]}".repeat(depth));
            let shown = masked(&text);
            prop_assert!(!shown.text.contains(&secret), "{} -> {}", text, shown.text);
            prop_assert_eq!(shown.count, 1);
            let is_json = |text: &str| serde_json::from_str::<serde_json::Value>(text).is_ok();
            prop_assert_eq!(is_json(&text), is_json(&shown.text), "{} -> {}", text, shown.text);
        }
    }

    /// A name in which some letters are in upper case, escaped, or after a sign.
    fn spelt(name: &str, spelling: &[u8], is_escaped: bool) -> String {
        let spell = |(c, how): (char, &u8)| match how {
            0 => c.to_ascii_uppercase().to_string(),
            1 if is_escaped => format!("\\u{:04X}", u32::from(c)),
            1 => format!("%{:02x}", u32::from(c)),
            2 => format!("_{c}"),
            3 => format!("-{c}"),
            _ => c.to_string(),
        };
        name.chars().zip(spelling).map(spell).collect()
    }

    /// What a value may be in.
    #[derive(Clone, Copy, Debug)]
    enum Carrier {
        Member,
        /// A JSON string.
        String,
        /// A JSON string in which all but letters and digits are escaped by number.
        Numbered,
        /// A percent-encoded parameter.
        Percent,
        /// Words in a JSON string, with half of a character.
        Words,
        /// The key of a member.
        Key,
    }

    fn any_carrier() -> impl Strategy<Value = Carrier> {
        use Carrier::*;
        prop::sample::select(vec![Member, String, Numbered, Percent, Words, Key])
    }

    impl Carrier {
        fn around(self, value: &str) -> String {
            let string = |text: &str| serde_json::Value::from(text).to_string();
            let all = |text: &str, escape: fn(char) -> String| -> String {
                text.chars().map(|c| if c.is_ascii_alphanumeric() { c.into() } else { escape(c) }).collect()
            };
            match self {
                Self::Member => format!(r#"{{"a":[1,{value}], "b":null}}"#),
                Self::String => string(value),
                Self::Numbered => format!("\"{}\"", all(value, |c| format!("\\u{:04x}", u32::from(c)))),
                Self::Percent => {
                    let value = all(value, |c| format!("%{:02X}", u32::from(c)));
                    format!("\"https://x?Session={value}&z\"")
                }
                Self::Words => string(&format!("it's 5\" {{x}}: {value} done")).replacen("it", "\\uD83d", 1),
                Self::Key => format!("{{{}:1}}", string(value)),
            }
        }
    }
}
