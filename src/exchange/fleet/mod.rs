//! stub
pub mod rls;
