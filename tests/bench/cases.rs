//! What is asked: groups of calls that differ only in the way they take.

use super::ways::Way;
use sha2::{Digest, Sha256};

/// Calls that are compared with each other.
#[derive(Debug)]
pub struct Group {
    pub name: &'static str,
    /// Of the request's body.
    pub bytes: usize,
    pub streamed: bool,
    /// For the mock, behind the model's name.
    pub faults: &'static str,
    pub connections: u32,
    /// Under which there are too few calls to tell.
    pub least_seconds: u32,
    /// Runs before the measuring, so that V8 has compiled what is hot.
    pub warms: bool,
    /// What the others are compared with.
    pub plain: Way,
    /// Through Sluice, and the most that each may cost, in plain Envoys.
    pub ways: &'static [(Way, Option<f64>)],
}

/// One group's call on one way.
#[derive(Debug)]
pub struct Case {
    pub way: Way,
    pub name: String,
    pub body: Vec<u8>,
    pub streamed: bool,
    pub connections: u32,
}

pub const SMALL: Group = Group {
    name: "1 KiB",
    bytes: 1 << 10,
    streamed: false,
    faults: "",
    connections: 16,
    least_seconds: 1,
    warms: true,
    plain: Way::Plain,
    ways: &[
        (Way::Identity, Some(2.2)),
        (Way::Limited, None),
        (Way::Anthropic, Some(2.6)),
        (Way::Gemini, Some(2.8)),
        (Way::Bedrock, Some(2.8)),
        (Way::MessagesToOpenAi, Some(2.8)),
        (Way::MessagesToAnthropic, Some(2.2)),
        (Way::ResponsesToAnthropic, Some(2.8)),
    ],
};

pub const GROUPS: &[Group] = &[
    SMALL,
    Group {
        name: "1 KiB, embedded",
        least_seconds: 2,
        plain: Way::PlainEmbeddings,
        ways: &[(Way::Embeddings, Some(2.2))],
        ..SMALL
    },
    Group { name: "32 KiB", bytes: 32 << 10, warms: false, ways: UNBOUND, ..SMALL },
    Group { name: "1 MiB", bytes: 1 << 20, connections: 4, warms: false, ways: UNBOUND, ..SMALL },
    // The mock writes all events at once: few reads, large chunks.
    Group {
        name: "200 events, one burst",
        streamed: true,
        faults: "!tokens=200",
        ways: &[
            (Way::Identity, Some(3.0)),
            (Way::Anthropic, Some(3.0)),
            (Way::Gemini, Some(2.8)),
            (Way::Bedrock, Some(2.8)),
            (Way::MessagesToOpenAi, Some(2.8)),
            (Way::ResponsesToAnthropic, Some(2.8)),
        ],
        ..SMALL
    },
    // As a model speaks: each event is a chunk of its own.
    Group {
        name: "200 events, one by one",
        streamed: true,
        faults: "!tokens=200;token-ms=1",
        connections: 64,
        least_seconds: 2,
        warms: false,
        ways: &[
            (Way::Identity, Some(3.0)),
            (Way::Anthropic, Some(3.0)),
            (Way::Gemini, Some(2.8)),
            (Way::Bedrock, Some(2.8)),
            (Way::MessagesToOpenAi, Some(2.8)),
            (Way::ResponsesToAnthropic, Some(2.8)),
        ],
        ..SMALL
    },
];

const UNBOUND: &[(Way, Option<f64>)] =
    &[(Way::Identity, None), (Way::Anthropic, None), (Way::Gemini, None), (Way::Bedrock, None)];

/// Of the consumer `bench`.
pub const KEY: &str = "sk-sluice-bench-0123456789abcdefghijklmnopqrstuv";

/// The consumer with two limits and a budget that no bench reaches, beside the callers
/// without a key.
pub fn consumers() -> String {
    let digest: String = Sha256::digest(KEY).iter().map(|b| format!("{b:02x}")).collect();
    let limits = "{ requests: 1000000000, every: minute }, { tokens: 1e12, every: minute }, \
                  { dollars: 1000000, every: month }";
    format!(
        "allow_anonymous: true\nconsumers:\n  - {{ name: bench, key_sha256: [{digest}], limits: [{limits}] }}\n"
    )
}

/// sluice.yaml's models for all groups, one line each.
pub fn models() -> String {
    let lines = GROUPS.iter().flat_map(|group| {
        group.ways.iter().map(|&(way, _)| {
            let (name, provider, model) = (group.model(way), way.provider(), way.model());
            format!("  - {{ name: {name}, targets: [\"{provider}/{model}{}\"] }}\n", group.faults)
        })
    });
    lines.collect()
}

// === impl Group ===

impl Group {
    /// Plain Envoy first.
    pub fn cases(&self) -> Vec<Case> {
        let ways = self.ways.iter().map(|(way, _)| *way);
        [self.plain].into_iter().chain(ways).map(|way| Case::new(self, way)).collect()
    }

    pub fn bar(&self, way: Way) -> Option<f64> {
        self.ways.iter().find(|(w, _)| *w == way)?.1
    }

    /// What the client writes to get this group's answer: the provider's own name where
    /// no Sluice reads it, else one that no other group and way has.
    fn model(&self, way: Way) -> String {
        let group = GROUPS.iter().position(|g| g.name == self.name).expect("a group of the table");
        let at = self.ways.iter().position(|(w, _)| *w == way);
        match at {
            None => format!("{}{}", way.model(), self.faults),
            Some(at) => format!("bench-{group}-{at}"),
        }
    }
}

// === impl Case ===

impl Case {
    pub fn new(group: &Group, way: Way) -> Self {
        Self {
            way,
            name: format!("{}, {}", group.name, way.label()),
            body: way.body(&group.model(way), group.bytes, group.streamed),
            streamed: group.streamed,
            connections: group.connections,
        }
    }
}
