//! Bootstraps by example.
