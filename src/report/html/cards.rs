//! The cards of the page: the first groups of findings, as many as a browser opens at once.

use std::io;

use minijinja::Environment;
use minijinja::value::Serde;
use serde_json::Value;

use super::card::{Card, prepare};
use super::environment::{CARD, of_template};
use super::limits::{MOST_FINDINGS, MOST_MARKUP};

/// The cards of the page.
pub(super) struct Cards {
    /// Each with its published fields.
    pub(super) views: Vec<Value>,
    /// Their findings that the page lists.
    pub(super) findings: usize,
    /// Their markup.
    pub(super) markup: String,
}

impl Cards {
    /// The cards of the first of these groups, within the limits of a page; at least one, if there is any.
    pub(super) fn new(
        views: impl Iterator<Item = serde_json::Result<Value>>,
        environment: &Environment<'_>,
    ) -> io::Result<Self> {
        let template = environment.get_template(CARD).map_err(|error| of_template(&error))?;
        let mut cards = Self { views: Vec::new(), findings: 0, markup: String::new() };
        let mut scale = LEAST_SCALE;
        for view in views {
            let mut view = view?;
            let left_out = prepare(&mut view);
            let findings = view["findings"].as_array().map_or(0, Vec::len);
            if cards.views.is_empty() {
                scale = view["score"].as_f64().unwrap_or_default().max(LEAST_SCALE);
            }
            let card = Card::new(&view, left_out, scale);
            let markup = template.render(Serde(&card)).map_err(|error| of_template(&error))?;
            let is_full =
                cards.findings + findings > MOST_FINDINGS || cards.markup.len() + markup.len() > MOST_MARKUP;
            if is_full && !cards.views.is_empty() {
                break;
            }
            cards.findings += findings;
            cards.markup.push_str(&markup);
            cards.views.push(view);
        }
        Ok(cards)
    }
}

/// The least bits at the right end of the bars of scores: few scores are above.
const LEAST_SCALE: f64 = 100.0;
