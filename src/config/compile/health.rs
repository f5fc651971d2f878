//! `health`: the rules, and the ids under which targets and keys are remembered.

use super::Problems;
use crate::config::compiled::{HealthRules, Secret};
use crate::config::raw;
use sha2::{Digest, Sha256};

pub(super) fn compile(raw: &raw::Health, problems: &mut Problems) -> HealthRules {
    if !(1..=1000).contains(&raw.failures) {
        problems.add("health.failures", "must be 1 to 1000");
    }
    if raw.cooldown > raw.max_cooldown {
        problems
            .add("health.cooldown", "is longer than health.max_cooldown; raise that or lower this");
    }
    if raw.pace_below > 50 {
        problems.add("health.pace_below", "must be 0 to 50, in percent of a limit; 0 is off");
    }
    HealthRules {
        enabled: raw.enabled,
        failures: u16::try_from(raw.failures).unwrap_or(u16::MAX),
        cooldown: raw.cooldown.0 * 1_000_000,
        max_cooldown: raw.max_cooldown.0 * 1_000_000,
        key_cooldown: raw.key_cooldown.0 * 1_000_000,
        refuse: raw.when_all_rest == raw::WhenAllRest::Refuse,
        pace_below: raw.pace_below,
    }
}

/// Of a target: the same as long as it has its provider's name and its own.
pub(super) fn target_id(provider: &str, model: &str) -> u64 {
    id(&["target", provider, model])
}

/// Of a key: another one as soon as the key is replaced.
pub(super) fn key_id(provider: &str, key: &Secret) -> u64 {
    match key {
        Secret::Text(key) | Secret::Bearer(key) => id(&["key", provider, key]),
        Secret::Aws(key) => id(&["key", provider, &key.access_key_id, &key.secret_access_key]),
    }
}

fn id(parts: &[&str]) -> u64 {
    let digest = Sha256::digest(parts.join("\0"));
    let head = digest.first_chunk::<8>().copied().unwrap_or_default();
    u64::from_le_bytes(head)
}
