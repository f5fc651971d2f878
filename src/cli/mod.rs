//! The native command line: one file per command, this one only dispatches.

use clap::{Parser, Subcommand};
use std::process::ExitCode;

pub mod check;
pub mod demo;
pub mod explain;
pub mod key;
pub mod matrix;
pub mod mock;
pub mod models;
pub mod providers;
pub mod render;
pub mod run;
pub mod schema;
pub mod yaml;

#[derive(Parser)]
#[command(name = "sluice", version, about = "Sluice: an LLM gateway inside Envoy")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check configuration files as the filter would.
    Check(check::Args),
    /// Start a gateway as `run` does, make calls through it and check the answers.
    Demo(run::Args),
    /// Say where a request would go, and why.
    Explain(explain::Args),
    /// Make keys for consumers, and digests of them.
    Key(key::Args),
    /// Print what each pair of dialects carries, drops and rejects.
    Matrix(matrix::Args),
    /// Run an honest little server of every vendor's API, with faults on demand.
    Mock(mock::Args),
    /// List the models of the catalog with their prices.
    Models(models::Args),
    /// Print the kinds of providers: addresses, keys, and how each differs.
    Providers(providers::Args),
    /// Turn sluice.yaml into what Envoy or Istio reads.
    Render(render::Args),
    /// Start a gateway on this machine: Envoy, the filter, and mock providers.
    Run(run::Args),
    /// Print the JSON Schema of sluice.yaml.
    Schema(schema::Args),
}

pub fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Check(args) => check::main(&args),
        Command::Demo(args) => demo::main(&args),
        Command::Explain(args) => explain::main(&args),
        Command::Key(args) => key::main(&args),
        Command::Matrix(args) => matrix::main(&args),
        Command::Mock(args) => mock::main(&args),
        Command::Models(args) => models::main(&args),
        Command::Providers(args) => providers::main(&args),
        Command::Render(args) => render::main(&args),
        Command::Run(args) => run::main(&args),
        Command::Schema(args) => schema::main(&args),
    }
}
