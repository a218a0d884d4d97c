//! What the rules of this program find.
