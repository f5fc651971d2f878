//! What the end-to-end tests and the bench share.

pub mod client;
pub mod collector;
pub mod gateway;
pub mod python;
pub mod stand_in;
