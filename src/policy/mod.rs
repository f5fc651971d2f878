//! Who may ask: identity. What consumers may spend joins here; the limits of providers'
//! keys are `route::limits`. Must not: know a target.

pub mod identity;
