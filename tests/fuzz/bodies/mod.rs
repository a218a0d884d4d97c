//! What the fuzz targets do with an input, apart from libFuzzer: `tests/it/fuzz.rs` replays the corpora with it.

pub(crate) mod baseline;
pub(crate) mod digests;
pub(crate) mod files;
pub(crate) mod objects;
pub(crate) mod settings;
