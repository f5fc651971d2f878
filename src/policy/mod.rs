//! Who may ask (`identity`), what they may ask (`permits`) and what they may spend
//! (`limits`). The quotas of our own keys
//! at providers are `route::quotas`. Must not: know a target.

pub mod identity;
pub mod limits;
pub mod permits;
