//! What Claude models want, whichever API carries the call: how they are told to
//! think, which JSON schemas they compile, and whether the assistant may speak last.
//!
//! Must not: write a request of any dialect, or know a model's name.

pub(super) mod prefill;
pub(super) mod schema;
pub(super) mod thinking;
