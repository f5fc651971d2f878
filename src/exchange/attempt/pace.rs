//! `min_speed`: a stream that begins too slowly is left for the next target.
//!
//! Another target can only be tried while nothing has left for the client, so the
//! stream is held until enough tokens have come, or their time is up: judged by the
//! chunk that comes too late, or by the worker's tick. Where nobody else may be tried
//! the stream goes as it comes. Tokens are estimated from the bytes of generated text.

use super::{Attempt, Try};
use crate::config::compiled::MinSpeed;
use crate::config::raw::RetryClass;
use crate::dialect::{Progress, estimate};
use crate::exchange::deadlines::{Late, Watch};
use crate::host::Host;
use std::cell::Cell;
use std::rc::Rc;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// Let it go.
    Enough,
    /// Hold it.
    Unknown,
    Slow,
}

// === impl Attempt ===

impl Attempt {
    /// Of a stream that has shown its first token.
    pub(super) fn pace(&self, host: &dyn Host, this: &mut Try, progress: &Progress) -> Pace {
        let Some(speed) = this.min_speed() else { return Pace::Enough };
        if estimate::of_bytes(progress.output_bytes) >= speed.tokens {
            return Pace::Enough;
        }
        let now = host.now();
        match &this.watch {
            Some(watch) if watch.what == Late::Speed && now < watch.due => Pace::Unknown,
            Some(watch) if watch.what == Late::Speed => {
                let moves = self.worker.may_move_on(host, &this.entry.borrow());
                if moves { Pace::Slow } else { Pace::Enough }
            }
            // Nobody would take it.
            _ if !self.worker.may_move_on(host, &this.entry.borrow()) => Pace::Enough,
            _ => {
                self.forget_deadline(this);
                let watch = Rc::new(Watch {
                    entry: Rc::clone(&this.entry),
                    due: now + speed.within_ms * 1_000_000,
                    context: self.context,
                    held: Cell::new(true),
                    what: Late::Speed,
                    late: Cell::new(false),
                });
                self.worker.deadlines.watch(host, &watch);
                this.watch = Some(watch);
                Pace::Unknown
            }
        }
    }
}

// === impl Try ===

impl Try {
    /// How fast this stream must begin: `None` where no other target can be tried.
    fn min_speed(&self) -> Option<MinSpeed> {
        let terms = self.at()?.terms;
        let speed = terms.min_speed()?;
        let entry = self.entry.borrow();
        let behind = entry.plan.targets.get(self.index + 1..).unwrap_or_default();
        let others = behind.iter().any(|choice| !choice.spare);
        let text = entry.client.operation().texts().1 && !self.reply.opaque;
        let retried = terms.retry().classes.contains(&RetryClass::Stream);
        (others && text && retried).then_some(speed)
    }
}
