//! Bytes to frames and back. Knows no vendor and no field name.

#![deny(clippy::indexing_slicing)]

pub mod eventstream;
pub mod json;
pub mod multipart;
pub mod protobuf;
pub mod sse;
