//! Who may ask (`identity`), who may read what is everybody's (`admin`) and what they may spend (`limits`). The quotas of our own keys
//! at providers are `route::quotas`. Must not: know a target.

pub mod admin;
pub mod identity;
pub mod limits;
