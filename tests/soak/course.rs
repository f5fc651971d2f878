//! Who fails how, and when: a wheel of faults for each provider, turned by the clock.

use sluice::cli::mock::Server;
use std::time::Duration;

/// How fast everybody answers while well: eight words.
pub const PACE: &str = "first-ms=20;token-ms=2;tokens=8";
/// The last of them: who has it has everything.
pub const LAST_WORD: &str = "w7";
/// What a well target takes: to the first word, and to all.
pub const OWN: [Duration; 2] = [Duration::from_millis(20), Duration::from_millis(34)];

/// A provider that fails in turn.
pub struct Wheel {
    pub provider: &'static str,
    /// Its model, as the mock hears it.
    pub model: &'static str,
    /// The mock's fault words; "": well.
    stages: &'static [&'static str],
}

/// The first is the one that most calls begin with: every failure that can be made good,
/// and two (after the first words) that cannot. The others are never well for long.
pub const WHEELS: [Wheel; 4] = [
    Wheel {
        provider: "flap",
        model: "flap",
        stages: &[
            "",
            "status=429;retry-after=1",
            "",
            "status=429",
            "status=503",
            "",
            "stall-headers",
            "",
            "stall-after=0",
            "",
            // Of a whole answer: an error where the answer should be, with 200.
            "error-first",
            "",
            "refuse",
            "cut-after=0",
            "",
            "cut-after=3",
            "error-after=3",
        ],
    },
    Wheel {
        provider: "odd",
        model: "claude-haiku-4-5",
        stages: &["html", "status=529", "empty", "", "end-after=0", "status=401", "gzip"],
    },
    Wheel {
        provider: "dull",
        model: "gemini-2.5-flash",
        stages: &["status=500", "stall-after=0", "wrong-dialect", "", "status=408", "refuse"],
    },
    Wheel {
        provider: "ring",
        model: "ring",
        stages: &["status=429;retry-after=1", "status=403", "", "status=429", "status=402"],
    },
];

/// What the first wheel's stages are called in `sluice.fallbacks`: a run that has not met
/// all of them proves little.
pub const REASONS: [&str; 4] = ["busy", "provider_fault", "timeout", "unreachable"];

// === impl Wheel ===

impl Wheel {
    /// Of a stage that cannot be made good: content has left for the client.
    pub fn breaks_off(stage: &str) -> bool {
        stage.ends_with("-after=3")
    }

    pub fn stage(&self, turn: usize) -> &'static str {
        self.stages[turn % self.stages.len()]
    }

    pub fn set(&self, mock: &Server, turn: usize) {
        mock.set_faults(self.model, &format!("{PACE};{}", self.stage(turn))).expect("fault words");
    }
}

/// So long that the first wheel goes round, and that a stage is not all rest.
pub fn stage_length(whole: Duration) -> Duration {
    let turns = u32::try_from(WHEELS[0].stages.len()).expect("a few");
    (whole / turns).min(Duration::from_secs(4))
}
