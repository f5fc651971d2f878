//! What calls have taught all workers, beside who must be left alone: asked for only by
//! strategies that need it.

use crate::store::busy::Busy;
use crate::store::speed::Speeds;

static NO_SPEEDS: Speeds = Speeds::NONE;
static NOBODY_BUSY: Busy = Busy::NONE;

/// The same answer however often it is asked: one plan, one world.
pub trait Learned {
    fn speeds(&self) -> &Speeds {
        &NO_SPEEDS
    }

    /// In flight, over all workers.
    fn busy(&self) -> &Busy {
        &NOBODY_BUSY
    }
}

/// Nothing.
impl Learned for () {}

/// What was known at one time.
#[derive(Debug, Default, Clone)]
pub struct Known {
    pub speeds: Speeds,
    pub busy: Busy,
}

impl Learned for Known {
    fn speeds(&self) -> &Speeds {
        &self.speeds
    }

    fn busy(&self) -> &Busy {
        &self.busy
    }
}
