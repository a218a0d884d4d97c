//! Which layer wins.
