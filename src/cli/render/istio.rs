//! Istio objects.

use super::{Error, Source};
use std::path::PathBuf;

#[derive(Debug, Clone, clap::Args)]
pub struct IstioOptions {
    /// The gateway's configuration.
    #[arg(long, default_value = "envoy/sluice.yaml", value_name = "FILE")]
    pub config: PathBuf,
}

pub(super) fn render(_: &Source, _: &IstioOptions) -> Result<String, Error> {
    Ok(String::new())
}
