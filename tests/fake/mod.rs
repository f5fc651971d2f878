//! An Envoy in memory, for tests of the core without a network or a VM.
//!
//! `host` is what one filter instance sees of Envoy: an in-memory `Host`. `envoy`
//! is the process around it: a clock, ticks, VM reloads, configuration pushes.
//! `exchange` is one client request on its way through the two filter chains and
//! the router (`router`); `seen` is what came out at both ends. `provider` writes
//! requests and scripted answers.
//!
//! The model follows what was seen on a real Envoy, not what the code under test
//! expects: there is no order of host calls to keep. What it must not do is hide a
//! mistake, so host calls that Envoy would refuse are recorded (`Process::refused`)
//! and every test ends by looking there.

pub mod envoy;
pub mod exchange;
pub mod host;
pub mod provider;
mod router;
pub mod seen;
