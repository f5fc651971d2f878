//! `sluice render`: from sluice.yaml to what a proxy reads.
//!
//! ```text
//!   sluice.yaml ── source ──┬── envoy ── a whole bootstrap, from envoy/envoy.yaml
//!                           └── istio ── EnvoyFilters, ServiceEntries, DestinationRules
//! ```
//!
//! Everything about the proxy that does not depend on sluice.yaml is written by
//! hand in `envoy/envoy.yaml`, where it can be read, commented and edited; code
//! here only fills it in. Rejected: a template language, which can print invalid
//! YAML, and building the bootstrap in Rust, which hides it from operators.
//!
//! Must not: need the keys (names of environment variables are enough), or write
//! files: text goes out, the caller keeps it.

mod addition;
mod address;
mod cluster;
mod envoy;
mod istio;
mod ratelimit;
mod release;
mod shadow;
mod source;
mod tree;

pub use address::Address;
pub use envoy::EnvoyOptions;
pub use istio::IstioOptions;
pub use ratelimit::ServiceOptions;
pub use release::Release;
pub use source::Source;

use super::yaml::SyntaxError;
use crate::config::Problem;
use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// The bootstrap everything starts from.
pub const BASE: &str = include_str!("../../../envoy/envoy.yaml");

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Print an Envoy bootstrap.
    Envoy(EnvoyOptions),
    /// Print the Istio objects for a gateway workload.
    Istio(IstioOptions),
    /// Print the limits with `fleet` for Envoy's ratelimit.
    Ratelimit(ServiceOptions),
    /// Print the limits with `fleet` for Limitador.
    Limitador(ServiceOptions),
}

/// Why nothing was rendered.
#[derive(Debug)]
pub enum Error {
    Read {
        file: PathBuf,
        error: io::Error,
    },
    Syntax {
        file: PathBuf,
        error: SyntaxError,
    },
    Config {
        file: PathBuf,
        problems: Vec<Problem>,
    },
    /// The options, the configuration and the base do not fit together.
    Fit(String),
}

/// A whole bootstrap.
pub fn envoy(options: &EnvoyOptions) -> Result<String, Error> {
    let source = Source::read(&options.config)?.for_envoy(&options.config, options.for_envoy)?;
    envoy::render(&source, options)
}

/// The Istio objects, as one multi-document file.
pub fn istio(options: &IstioOptions) -> Result<String, Error> {
    let source = Source::read(&options.config)?.for_envoy(&options.config, options.for_envoy)?;
    istio::render(&source, options)
}

/// A file for Envoy's ratelimit.
pub fn ratelimit(options: &ServiceOptions) -> Result<String, Error> {
    ratelimit::ratelimit(&Source::read(&options.config)?)
}

/// A file for Limitador.
pub fn limitador(options: &ServiceOptions) -> Result<String, Error> {
    ratelimit::limitador(&Source::read(&options.config)?)
}

pub fn main(args: &Args) -> ExitCode {
    let text = match &args.what {
        What::Envoy(options) => envoy(options),
        What::Istio(options) => istio(options),
        What::Ratelimit(options) => ratelimit(options),
        What::Limitador(options) => limitador(options),
    };
    match text {
        Ok(text) => match io::stdout().write_all(text.as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Err(error) => {
            // Nobody is left to tell when stderr is closed too.
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

// === impl Error ===

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Read { file, error } => write!(f, "{}: {error}", file.display()),
            Error::Syntax { file, error } => write!(f, "{}: {error}", file.display()),
            Error::Config { file, problems } => {
                for (i, problem) in problems.iter().enumerate() {
                    let end = if i == 0 { "" } else { "\n" };
                    write!(f, "{end}{}: {problem}", file.display())?;
                }
                Ok(())
            }
            Error::Fit(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests;
