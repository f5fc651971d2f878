//! Finding an Envoy that can carry Sluice.

use std::path::{Path, PathBuf};
use std::process::Command;

/// `refresh_cluster_on_retry`, on which fallback rests, came with it.
const OLDEST: (u32, u32) = (1, 39);
const OURS: &str = ".venv/bin/envoy";

/// The Envoy that was asked for, else the PATH's if it is new enough, else ours.
pub fn find(asked: Option<&Path>) -> Result<PathBuf, String> {
    if let Some(path) = asked {
        return match version(path) {
            Ok(found) if found >= OLDEST => Ok(path.to_owned()),
            Ok((major, minor)) => Err(format!(
                "{} is Envoy {major}.{minor}; it must be at least 1.39",
                path.display()
            )),
            Err(error) => Err(format!("{}: {error}", path.display())),
        };
    }
    let mut seen = Vec::new();
    for path in ["envoy", OURS] {
        match version(Path::new(path)) {
            Ok(found) if found >= OLDEST => return Ok(path.into()),
            Ok((major, minor)) => seen.push(format!("{path} is {major}.{minor}")),
            Err(error) => seen.push(format!("{path}: {error}")),
        }
    }
    Err(format!(
        "no Envoy >= 1.39 ({}); get one with `make envoy`, or name it with --envoy",
        seen.join("; ")
    ))
}

fn version(path: &Path) -> Result<(u32, u32), String> {
    let output = Command::new(path).arg("--version").output().map_err(|e| e.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    parse(&text).ok_or_else(|| "does not say its version as Envoy does".to_owned())
}

/// `envoy  version: 9e55../1.40.0/Clean/RELEASE/BoringSSL`
fn parse(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split("version:").nth(1)?.trim().split('/').nth(1)?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_versions() {
        let text = "\n.venv/bin/envoy  version: 9e55807/1.40.0/Clean/RELEASE/BoringSSL\n";
        assert_eq!(parse(text), Some((1, 40)));
        assert_eq!(parse("version: x/1.39.0-dev/Modified/DEBUG/BoringSSL"), Some((1, 39)));
        assert_eq!(parse("envoy 1.40"), None);
    }

    #[test]
    fn says_what_to_do() {
        assert!(find(Some(Path::new("/nonexistent/envoy"))).unwrap_err().contains("/nonexistent"));
        assert!(find(Some(Path::new("/bin/true"))).unwrap_err().contains("does not say"));
    }
}
