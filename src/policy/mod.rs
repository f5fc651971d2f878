//! Who may ask for what. Today: identity. Limits, budgets and guards join here.

pub mod identity;
