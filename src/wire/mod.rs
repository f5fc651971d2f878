//! Bytes to frames and back. Knows no vendor and no field name.

pub mod json;
pub mod sse;
