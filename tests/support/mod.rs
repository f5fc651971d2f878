//! What the end-to-end tests and the bench share.

pub mod client;
pub mod gateway;
pub mod python;
