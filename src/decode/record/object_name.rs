//! Which object a request to a cluster is for.

use std::borrow::Cow;

use super::json::Json;
use crate::event::AuditRecord;

/// `NAMESPACE/NAME` of the object, `NAME` if it is in no namespace, and `NAMESPACE/` if the request is for all in one. The name of one that
/// is created may only be in the response. `text` is the record.
pub fn object_in_cluster(record: &AuditRecord<'_>, text: &str) -> Option<String> {
    let object = &record.object;
    let resource = object.resource.filter(|resource| !resource.is_empty())?;
    // A namespace is said to be in itself.
    let namespace = object.namespace.filter(|namespace| !namespace.is_empty() && resource != "namespaces");
    match (namespace, name(record, text)) {
        (Some(namespace), name) => Some(format!("{namespace}/{}", name.unwrap_or_default())),
        (None, name) => name.map(Cow::into_owned),
    }
}

/// The name of the object that a request is for; of one that is created, perhaps that which the server made of a prefix.
pub(super) fn name<'a>(record: &AuditRecord<'_>, text: &'a str) -> Option<Cow<'a, str>> {
    let json = Json::new(text);
    let named = || json.member("objectRef")?.member("name")?.non_empty_string();
    let made = || json.member("responseObject")?.member("metadata")?.member("name")?.non_empty_string();
    named().or_else(|| made().filter(|_| record.verb == Some("create")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::ObjectRef;

    #[test]
    fn an_object_is_named_with_its_namespace() {
        let named = |resource, namespace, members: &str| {
            let object = ObjectRef { resource, namespace, ..ObjectRef::default() };
            let record = AuditRecord { verb: Some("create"), object, ..AuditRecord::default() };
            object_in_cluster(&record, &format!("{{{members}}}"))
        };
        let web = r#""objectRef":{"name":"web"}"#;
        let pods = |namespace, members| named(Some("pods"), namespace, members);
        assert_eq!(pods(Some("shop"), web).as_deref(), Some("shop/web"));
        assert_eq!(pods(Some("shop"), "").as_deref(), Some("shop/"));
        assert_eq!(pods(None, web).as_deref(), Some("web"));
        assert_eq!(pods(None, ""), None);
        let made = r#""responseObject":{"metadata":{"name":"web-x2x7k"}}"#;
        assert_eq!(pods(Some("shop"), made).as_deref(), Some("shop/web-x2x7k"));
        let shop = r#""objectRef":{"name":"shop"}"#;
        assert_eq!(named(Some("namespaces"), Some("shop"), shop).as_deref(), Some("shop"));
        assert_eq!(named(None, None, web), None);
    }
}
