//! `sluice schema`: the JSON Schema of sluice.yaml, for editors.
//!
//! Committed as `envoy/sluice.schema.json`; a test fails when that is stale. A
//! schema knows shapes only: `sluice check` knows the rest.

use crate::config::raw::Sluice;
use std::io::{self, Write};
use std::process::ExitCode;

#[derive(clap::Args)]
pub struct Args {}

/// Pretty-printed, with a final newline.
pub fn text() -> Result<String, serde_json::Error> {
    let schema = schemars::schema_for!(Sluice);
    serde_json::to_string_pretty(&schema).map(|text| text + "\n")
}

pub fn main(_: &Args) -> ExitCode {
    let printed =
        text().map_err(io::Error::from).and_then(|text| io::stdout().write_all(text.as_bytes()));
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
