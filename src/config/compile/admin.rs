//! `admin`: the digests of keys that read what belongs to everybody.

use super::Problems;
use crate::config::identity::keys::{Digest, Keys, parse};
use crate::config::raw;

/// Most keys: each is compared on its own.
const MAX_KEYS: usize = 16;

/// `taken`: the keys of consumers.
pub(super) fn compile(raw: &raw::Sluice, taken: &Keys, problems: &mut Problems) -> Vec<Digest> {
    let Some(admin) = &raw.admin else { return Vec::new() };
    let mut keys = Vec::with_capacity(admin.key_sha256.len());
    if !(1..=MAX_KEYS).contains(&admin.key_sha256.len()) {
        let words = format!("must hold 1 to {MAX_KEYS} digests; leave `admin` out to have none");
        problems.add("admin.key_sha256", words);
    }
    for (i, text) in admin.key_sha256.iter().enumerate() {
        let path = format!("admin.key_sha256[{i}]");
        match parse(text) {
            None => {
                problems.add(path, "must be 64 hexadecimal digits: `sluice key new` prints them");
            }
            Some(digest) if taken.holds(&digest) => {
                problems.add(path, "this key belongs to a consumer; an admin key makes no calls");
            }
            Some(digest) if keys.contains(&digest) => problems.add(path, "stands there twice"),
            Some(digest) => keys.push(digest),
        }
    }
    keys
}
