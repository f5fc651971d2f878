//! What is asked: groups of calls that differ only in the way they take.

use serde_json::json;

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
    /// The most that each way may cost, in plain Envoys; in the order of `WAYS`.
    pub bars: [Option<f64>; 4],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Envoy without Sluice.
    Plain,
    /// Sluice, OpenAI -> OpenAI.
    Identity,
    /// Sluice, OpenAI -> Anthropic.
    Anthropic,
    /// Sluice, OpenAI -> Gemini.
    Gemini,
    /// Sluice, OpenAI -> Bedrock Converse, with a bearer key.
    Bedrock,
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
    bars: [Some(2.2), Some(2.6), Some(2.8), Some(2.8)],
};

pub const GROUPS: &[Group] = &[
    SMALL,
    Group { name: "32 KiB", bytes: 32 << 10, warms: false, bars: [None; 4], ..SMALL },
    Group { name: "1 MiB", bytes: 1 << 20, connections: 4, warms: false, bars: [None; 4], ..SMALL },
    // The mock writes all events at once: few reads, large chunks.
    Group {
        name: "200 events, one burst",
        streamed: true,
        faults: "!tokens=200",
        bars: [Some(3.0), Some(3.0), Some(2.8), Some(2.8)],
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
        bars: [Some(3.0), Some(3.0), Some(2.8), Some(2.8)],
        ..SMALL
    },
];

/// Through Sluice.
const WAYS: [Way; 4] = [Way::Identity, Way::Anthropic, Way::Gemini, Way::Bedrock];
const PROSE: &str = "the quick brown fox jumps over the lazy dog and runs home ";

/// sluice.yaml's models for all groups, one line each.
pub fn models() -> String {
    let lines = GROUPS.iter().enumerate().flat_map(|(i, group)| {
        WAYS.map(|way| {
            let (provider, faults) = (way.provider(), group.faults);
            let target = format!("{provider}/{}{faults}", way.model());
            format!("  - {{ name: {provider}-{i}, targets: [\"{target}\"] }}\n")
        })
    });
    lines.collect()
}

// === impl Group ===

impl Group {
    /// Plain Envoy first.
    pub fn cases(&self) -> Vec<Case> {
        [Way::Plain].into_iter().chain(WAYS).map(|way| Case::new(self, way)).collect()
    }

    pub fn bar(&self, way: Way) -> Option<f64> {
        self.bars[WAYS.iter().position(|w| *w == way)?]
    }

    /// What the client writes to get this group's answer.
    fn model(&self, way: Way) -> String {
        let i = GROUPS.iter().position(|g| g.name == self.name).expect("a group of the table");
        match way {
            Way::Plain => format!("{}{}", way.model(), self.faults),
            _ => format!("{}-{i}", way.provider()),
        }
    }
}

// === impl Case ===

impl Case {
    pub fn new(group: &Group, way: Way) -> Self {
        Self {
            way,
            name: format!("{}, {}", group.name, way.label()),
            body: body(&group.model(way), group.bytes, group.streamed),
            streamed: group.streamed,
            connections: group.connections,
        }
    }
}

/// A conversation of exactly `bytes`: turns of 1 KiB with a few escapes.
fn body(model: &str, bytes: usize, streamed: bool) -> Vec<u8> {
    let turn = |i: usize| format!("{i}: \"{}\"\n", PROSE.repeat(16));
    let mut messages = vec![json!({ "role": "system", "content": "You are terse." })];
    for i in 0..bytes / 2048 {
        messages.push(json!({ "role": "user", "content": turn(2 * i) }));
        messages.push(json!({ "role": "assistant", "content": turn(2 * i + 1) }));
    }
    let last = messages.len();
    messages.push(json!({ "role": "user", "content": "" }));
    let mut request = json!({ "model": model, "messages": messages, "temperature": 0.5 });
    if streamed {
        request["stream"] = true.into();
        request["stream_options"] = json!({ "include_usage": true });
    }
    let missing = bytes - request.to_string().len();
    let rest: String = PROSE.chars().cycle().take(missing).collect();
    request["messages"][last]["content"] = rest.into();
    request.to_string().into_bytes()
}

// === impl Way ===

impl Way {
    pub fn label(self) -> &'static str {
        match self {
            Way::Plain => "plain Envoy",
            Way::Identity => "OpenAI -> OpenAI",
            Way::Anthropic => "OpenAI -> Anthropic",
            Way::Gemini => "OpenAI -> Gemini",
            Way::Bedrock => "OpenAI -> Bedrock",
        }
    }

    /// The provider's name, and its kind's.
    pub fn provider(self) -> &'static str {
        match self {
            Way::Plain | Way::Identity => "openai",
            Way::Anthropic => "anthropic",
            Way::Gemini => "gemini",
            Way::Bedrock => "bedrock",
        }
    }

    fn model(self) -> &'static str {
        match self {
            Way::Plain | Way::Identity => "gpt-5-mini",
            Way::Anthropic => "claude-haiku-4-5",
            Way::Gemini => "gemini-3-flash-preview",
            Way::Bedrock => "us.amazon.nova-pro-v1:0",
        }
    }
}
