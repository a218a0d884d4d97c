//! The templates, and the one place where texts become markup.

use std::io;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::ValueKind;
use minijinja::{Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value};

use super::content::Unit;
use super::limits::{MOST_VALUES, cut};
use crate::report::count::{counted, grouped};
use crate::report::for_xml;

/// Name of the template of the page.
pub(super) const PAGE: &str = "page.html";

/// Name of the template of one card.
pub(super) const CARD: &str = "card.html";

/// The templates of a page whose cards are about this unit. A field that does not exist is an error, unless a condition asks for it.
pub(super) fn environment(unit: Unit) -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_formatter(write_escaped);
    environment.add_global("unit", unit.name());
    environment.add_global("most_values", MOST_VALUES);
    environment.add_filter("bits", |bits: f64| format!("{bits:.2}"));
    environment.add_filter("grouped", grouped);
    environment.add_filter("counted", |number: u64, what: &str| counted(number, what));
    for (name, text) in [
        (PAGE, include_str!("page.html")),
        (CARD, include_str!("card.html")),
        ("parts.html", include_str!("parts.html")),
        ("tables.html", include_str!("tables.html")),
        ("coverage.html", include_str!("coverage.html")),
        ("glossary.html", include_str!("glossary.html")),
    ] {
        environment.add_template(name, text)?;
    }
    Ok(environment)
}

/// The error of a template, with the failure to write that caused it, if one did: a closed pipe must be known as such.
pub(super) fn of_template(error: &Error) -> io::Error {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(cause) = cause.downcast_ref::<io::Error>() {
            return io::Error::new(cause.kind(), cause.to_string());
        }
        source = cause.source();
    }
    io::Error::other(error.to_string())
}

/// Writes a value of a template. Texts are cut, invisible characters become visible and markup is escaped; only markup of
/// other templates and of this program's own files is written as it is.
fn write_escaped(out: &mut Output<'_>, _: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    if value.is_safe() {
        return Ok(out.write_str(value.as_str().unwrap_or_default())?);
    }
    match value.kind() {
        ValueKind::None => Ok(()),
        ValueKind::Number | ValueKind::Bool => Ok(write!(out, "{value}")?),
        ValueKind::String => Ok(out.write_str(&for_xml(&cut(value.as_str().unwrap_or_default())))?),
        kind => Err(Error::new(ErrorKind::BadSerialization, format!("a template writes a {kind}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_and_markup_is_not() {
        let mut environment = environment(Unit::Incident).unwrap();
        environment.add_template("test", "{{ text }}{{ markup }}{{ none }}{{ number }}").unwrap();
        let values = minijinja::context! {
            text => "<b>\u{202e}{{ x }}",
            markup => Value::from_safe_string("<hr>".to_owned()),
            none => (),
            number => 7,
        };
        let page = environment.get_template("test").unwrap().render(values).unwrap();
        assert_eq!(page, r"&lt;b&gt;\u{202e}{{ x }}<hr>7");
    }

    #[test]
    fn no_template_declares_a_text_safe() {
        for text in [
            include_str!("page.html"),
            include_str!("card.html"),
            include_str!("parts.html"),
            include_str!("tables.html"),
            include_str!("coverage.html"),
            include_str!("glossary.html"),
        ] {
            for forbidden in
                ["safe", "autoescape", "style=", "onclick", "onload", "javascript:", "http:", "https:"]
            {
                assert!(!text.contains(forbidden), "{forbidden}");
            }
        }
    }
}
