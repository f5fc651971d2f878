//! What the end-to-end tests and the bench share.

pub mod client;
pub mod collector;
pub mod gateway;
pub mod python;
pub mod redis;
pub mod rls;
pub mod stand_in;
