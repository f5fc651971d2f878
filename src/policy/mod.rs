//! Who may ask: identity. What consumers may spend joins here; the limits of providers'
//! keys are `route::quotas`. Must not: know a target.

pub mod identity;
