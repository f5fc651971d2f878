//! Who may ask (`identity`), what they may ask (`permits`), what they may spend (`limits`),
//! and who may read what is everybody's (`admin`). The quotas of our own keys
//! at providers are `route::quotas`. Must not: know a target.

pub mod admin;
pub mod identity;
pub mod limits;
pub mod permits;
