//! Finding out how fast targets are that the calls of `fastest` do not go to.
//!
//! A target nobody has seen is asked at once, by one call; one that went without a sample
//! for `STALE` again when `SHARE` calls for each of its rivals went elsewhere. So less than
//! one call in `SHARE` is spent on that, whatever the number of targets, and however much
//! is going on, one call in `STALE` for each. Targets in trouble have their own way back
//! (`health`). Two calls cannot run the same errand: it is claimed in shared data, and
//! whoever is late plans anew. Values in, values out.

use super::Plan;
use crate::config::Config;
use crate::store::health::Table;
use crate::store::speed::{Entry, Speeds};

/// One call in so many may go somewhere to find out.
pub const SHARE: u32 = 20;
/// Who has had a sample within this time is known: 10 s.
pub const STALE: u64 = 10_000_000_000;

/// A target whose speed somebody should find out, and what its entry said when this was
/// decided: whoever claims it goes there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Errand {
    pub target: u64,
    asked: u64,
}

/// Puts the target first that is longest unknown, if one is due.
pub(super) fn explore(
    plan: &mut Plan,
    config: &Config,
    (speeds, table): (&Speeds, &Table),
    now: u64,
) {
    let rivals = plan.targets.len().saturating_sub(1);
    if rivals == 0 || plan.probe.is_some() || plan.due {
        return;
    }
    let asked = |id: u64| speeds.get(id).map_or(0, |e| e.asked);
    let ids = plan.targets.iter().map(|c| config.targets.get(c.target).map_or(0, |t| t.id));
    let due = ids.enumerate().filter(|(place, id)| {
        let entry = speeds.get(*id);
        // The first is asked anyway, and who is in trouble has its own way back.
        let needless = *place == 0 && entry.is_some_and(|e| e.samples > 0);
        !needless && table.get(*id).is_none() && is_due(speeds, entry, rivals, now)
    });
    let Some((place, target)) = due.min_by_key(|(_, id)| asked(*id)) else { return };
    if let Some(first) = plan.targets.get_mut(..=place) {
        first.rotate_right(1);
    }
    plan.errand = Some(Errand { target, asked: asked(target) });
}

fn is_due(speeds: &Speeds, entry: Option<&Entry>, rivals: usize, now: u64) -> bool {
    let Some(entry) = entry else { return !speeds.is_full() };
    let quiet = now.saturating_sub(entry.last.max(entry.asked)) >= STALE;
    quiet && entry.passed as usize >= SHARE as usize * rivals
}

/// Takes an errand; `false`: another call did.
pub fn claim(speeds: &mut Speeds, errand: Errand, now: u64) -> bool {
    let known = speeds.get(errand.target).copied();
    let entry = known.unwrap_or(Entry { id: errand.target, ..Entry::default() });
    let free = entry.asked == errand.asked;
    if free {
        speeds.put(Entry { asked: now.max(errand.asked + 1), passed: 0, ..entry });
    }
    free
}

#[cfg(test)]
mod tests {
    use super::{Errand, claim};
    use crate::route::speed::{Sample, record};
    use crate::store::speed::Speeds;

    #[test]
    fn an_errand_is_run_once() {
        let mut speeds = Speeds::default();
        record(&mut speeds, 1, Sample::First(50.0), 5);
        for target in [1, 9] {
            let errand = Errand { target, asked: 0 };
            assert!(claim(&mut speeds, errand, 7) && !claim(&mut speeds, errand, 7));
            // What was known is kept.
            assert_eq!(speeds.get(target).map(|e| e.samples), Some(u32::from(target == 1)));
        }
    }
}
