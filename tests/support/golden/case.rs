//! A case with a folder of its own: see `tests/golden.rs`.

use crate::exchange::{self, Asked, Sent};
use crate::settings::Settings;
use crate::{Wrong, expect};
use serde_json::Value;
use sluice::dialect::Translator;
use sluice::dialect::features::Feature;
use std::fs;
use std::path::PathBuf;

pub struct Case {
    pub pair: &'static Translator,
    pub folder: PathBuf,
}

/// What a request that asks for a feature has in it, in one dialect or another. Files are
/// known by how base64 of their first bytes begins.
const WORDS: &[(Feature, &[&str])] = &[
    (Feature::System, &[r#""system""#, r#""systemInstruction""#, r#""instructions""#]),
    (Feature::ImageData, &["iVBORw0KGgo"]),
    (Feature::ImageUrl, &["https://"]),
    (Feature::Files, &["JVBERi0"]),
    (Feature::Audio, &[r#"name="file""#]),
    (
        Feature::Tools,
        &[r#""input_schema""#, r#""parameters""#, r#""functionDeclarations""#, r#""inputSchema""#],
    ),
    (Feature::ToolChoice, &[r#""tool_choice""#, r#""functionCallingConfig""#, r#""toolChoice""#]),
    (Feature::StructuredOutput, &[r#""json_schema""#, r#""responseJsonSchema""#]),
    (Feature::Reasoning, &[r#""budget_tokens""#, r#""thinkingConfig""#, r#""effort""#]),
    (
        Feature::SignedThoughts,
        &[r#""signature""#, r#""thoughtSignature""#, r#""encrypted_content""#],
    ),
    (
        Feature::Dimensions,
        &[r#""dimensions""#, r#""output_dimension""#, r#""outputDimensionality""#],
    ),
    (Feature::Base64, &[r#""base64""#]),
    (
        Feature::Purpose,
        &[r#""input_type""#, r#""task_type""#, r#""embedding_purpose""#, r#""taskType""#],
    ),
    (Feature::TopN, &[r#""top_n""#]),
];

/// Where a request has the texts that are embedded, ranked or judged.
const TEXTS: [&str; 3] = ["input", "texts", "requests"];

// === impl Case ===

impl Case {
    pub fn run(&self, wrong: &mut Wrong) {
        let settings = Settings::read(&self.folder.join("case.json"));
        let form = self.read("request.bin").map(Asked::Form);
        let json = || Asked::Json(self.read("request.json").expect("request.json"));
        let asked = form.unwrap_or_else(json);
        let came = exchange::run(self.pair, &settings, &asked, self.sent(&settings).as_ref());
        if let Some(upstream) = &came.upstream {
            let file = match asked {
                Asked::Json(_) => "upstream-request.json",
                Asked::Form(_) => "upstream-request.bin",
            };
            self.expect(file, upstream, wrong);
        }
        if let Some(answer) = &came.answer {
            self.expect(&format!("response.{}", answer.extension()), answer.bytes(), wrong);
        }
        if let Some(how) = &came.differs {
            wrong.push(format!("{}: differs {how}", self.folder.display()));
        }
        let mut text = serde_json::to_vec_pretty(&Value::Object(came.outcome)).unwrap();
        text.push(b'\n');
        self.expect("outcome.json", &text, wrong);
    }

    /// Does a request that is not a conversation ask for this, and was it served?
    pub fn shows(&self, feature: Feature) -> bool {
        let json = |file: &str| -> Value {
            serde_json::from_slice(&self.read(file).unwrap_or_default()).unwrap_or_default()
        };
        let request = json("request.json");
        let lists = || TEXTS.iter().filter_map(|name| request[*name].as_array());
        let asked = match feature {
            Feature::Text => true,
            // Whole: to its last event.
            Feature::Streaming => {
                self.read("response.sse").is_some() && json("outcome.json")["complete"] == true
            }
            Feature::ManyInputs => lists().any(|all| all.len() > 1),
            Feature::TokenInputs => lists().flatten().any(|one| one.is_array() || one.is_number()),
            Feature::DocumentsBack => json("response.json").to_string().contains("\"document\":"),
            _ => {
                let body = self.read("request.json").or_else(|| self.read("request.bin"));
                let body = String::from_utf8_lossy(&body.unwrap_or_default()).into_owned();
                let words = WORDS.iter().filter(|(of, _)| *of == feature).flat_map(|(_, all)| *all);
                words.into_iter().any(|word| body.contains(word))
            }
        };
        let outcome = json("outcome.json");
        asked && outcome["refused"].is_null() && outcome["error"].is_null()
    }

    fn sent(&self, settings: &Settings) -> Option<Sent> {
        let whole = self.read("upstream-response.json");
        let whole = whole.map(|raw| Sent::Whole(settings.status().unwrap_or(200), raw));
        let sse = self.read("upstream-response.sse").map(Sent::Stream);
        let framed = self.read("upstream-response.events").map(|raw| Sent::events(&raw));
        let file = self.read("upstream-response.bin").map(Sent::File);
        let mut all = [whole, sse, framed, file].into_iter().flatten();
        let first = all.next();
        assert!(all.next().is_none(), "{}: two answers", self.folder.display());
        first
    }

    fn read(&self, file: &str) -> Option<Vec<u8>> {
        fs::read(self.folder.join(file)).ok()
    }

    fn expect(&self, file: &str, got: &[u8], wrong: &mut Wrong) {
        expect(&self.folder.join(file), got, wrong);
    }
}
