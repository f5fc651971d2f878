//! Finding an Envoy that can carry Sluice.

use crate::cli::render::Release;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Older ones crash: see `config::raw::Fallback`.
const OLDEST: Release = Release { major: 1, minor: 37 };
/// `refresh_cluster_on_retry` came with it: taken unasked.
const BEST: Release = Release { major: 1, minor: 39 };
const OURS: &str = ".venv/bin/envoy";

/// The Envoy that was asked for, else the PATH's if it is new enough, else ours; and its
/// release.
pub fn find(asked: Option<&Path>) -> Result<(PathBuf, Release), String> {
    if let Some(path) = asked {
        return match version(path) {
            Ok(found) if found >= OLDEST => Ok((path.to_owned(), found)),
            Ok(Release { major, minor }) => Err(format!(
                "{} is Envoy {major}.{minor}; it must be at least 1.37",
                path.display()
            )),
            Err(error) => Err(format!("{}: {error}", path.display())),
        };
    }
    let mut seen = Vec::new();
    for path in ["envoy", OURS] {
        match version(Path::new(path)) {
            Ok(found) if found >= BEST => return Ok((path.into(), found)),
            Ok(Release { major, minor }) => seen.push(format!("{path} is {major}.{minor}")),
            Err(error) => seen.push(format!("{path}: {error}")),
        }
    }
    Err(format!(
        "no Envoy >= 1.39 ({}); get one with `make envoy`, or name any from 1.37 on with --envoy",
        seen.join("; ")
    ))
}

pub fn version(path: &Path) -> Result<Release, String> {
    let output = Command::new(path).arg("--version").output().map_err(|e| e.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    parse(&text).ok_or_else(|| "does not say its version as Envoy does".to_owned())
}

/// `envoy  version: 9e55../1.40.0/Clean/RELEASE/BoringSSL`
fn parse(text: &str) -> Option<Release> {
    text.split("version:").nth(1)?.trim().split('/').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_versions() {
        let text = "\n.venv/bin/envoy  version: 9e55807/1.40.0/Clean/RELEASE/BoringSSL\n";
        let release = |minor| Some(Release { major: 1, minor });
        assert_eq!(parse(text), release(40));
        assert_eq!(parse("version: x/1.39.0-dev/Modified/DEBUG/BoringSSL"), release(39));
        assert_eq!(parse("envoy 1.40"), None);
    }

    #[test]
    fn says_what_to_do() {
        assert!(find(Some(Path::new("/nonexistent/envoy"))).unwrap_err().contains("/nonexistent"));
        assert!(find(Some(Path::new("/bin/true"))).unwrap_err().contains("does not say"));
    }
}
