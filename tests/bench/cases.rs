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
    /// The most that OpenAI -> OpenAI and OpenAI -> Anthropic may cost, in plain Envoys.
    pub bars: [Option<f64>; 2],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Envoy without Sluice.
    Plain,
    /// Sluice, OpenAI -> OpenAI.
    Identity,
    /// Sluice, OpenAI -> Anthropic.
    Translated,
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
    bars: [Some(2.2), Some(2.6)],
};

pub const GROUPS: &[Group] = &[
    SMALL,
    Group { name: "32 KiB", bytes: 32 << 10, warms: false, bars: [None, None], ..SMALL },
    Group {
        name: "1 MiB",
        bytes: 1 << 20,
        connections: 4,
        warms: false,
        bars: [None, None],
        ..SMALL
    },
    // The mock writes all events at once: few reads, large chunks.
    Group {
        name: "200 events, one burst",
        streamed: true,
        faults: "!tokens=200",
        bars: [Some(3.0), Some(3.0)],
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
        bars: [Some(3.0), Some(3.0)],
        ..SMALL
    },
];

const WAYS: [Way; 3] = [Way::Plain, Way::Identity, Way::Translated];
const OPENAI: &str = "gpt-5-mini";
const ANTHROPIC: &str = "claude-haiku-4-5";
const PROSE: &str = "the quick brown fox jumps over the lazy dog and runs home ";

/// sluice.yaml's models for all groups, one line each.
pub fn models() -> String {
    let lines = GROUPS.iter().enumerate().flat_map(|(i, group)| {
        let faults = group.faults;
        [
            format!("  - {{ name: identity-{i}, targets: [\"openai/{OPENAI}{faults}\"] }}\n"),
            format!(
                "  - {{ name: translated-{i}, targets: [\"anthropic/{ANTHROPIC}{faults}\"] }}\n"
            ),
        ]
    });
    lines.collect()
}

// === impl Group ===

impl Group {
    pub fn cases(&self) -> [Case; 3] {
        WAYS.map(|way| Case::new(self, way))
    }

    pub fn bar(&self, way: Way) -> Option<f64> {
        match way {
            Way::Plain => None,
            Way::Identity => self.bars[0],
            Way::Translated => self.bars[1],
        }
    }

    /// What the client writes to get this group's answer.
    fn model(&self, way: Way) -> String {
        let i = GROUPS.iter().position(|g| g.name == self.name).expect("a group of the table");
        match way {
            Way::Plain => format!("{OPENAI}{}", self.faults),
            Way::Identity => format!("identity-{i}"),
            Way::Translated => format!("translated-{i}"),
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
            Way::Translated => "OpenAI -> Anthropic",
        }
    }
}
