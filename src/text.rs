//! Texts that many hold at once: 8 bytes wherever they stand.

/// A text that is shared.
pub type Text = arcstr::ArcStr;
