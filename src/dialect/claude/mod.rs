//! What Claude models want, whichever API carries the call: how they are told to
//! think, and which JSON schemas they compile.
//!
//! Must not: write a request of any dialect, or know a model's name.

pub(super) mod schema;
pub(super) mod thinking;
