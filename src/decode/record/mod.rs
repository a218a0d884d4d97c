//! Reads one record.
//!
//! The [`scanner`] takes the used texts as slices and skips the rest; records that it cannot read go to the
//! [`fallback`], a full parser.

pub(in crate::decode) mod addresses;
pub(in crate::decode) mod audit;
pub(in crate::decode) mod credential;
pub(in crate::decode) mod fallback;
pub(in crate::decode) mod identity_cache;
pub(in crate::decode) mod insight;
pub(in crate::decode) mod issued;
pub(in crate::decode) mod json;
mod key_predictor;
pub(in crate::decode) mod logging;
pub(in crate::decode) mod object_name;
pub(in crate::decode) mod resources;
pub(in crate::decode) mod scanner;
pub(in crate::decode) mod simd;
mod surrogates;
pub(in crate::decode) mod target_role;
pub(in crate::decode) mod walk;
