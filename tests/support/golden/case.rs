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

/// What a text is for, by the providers' names of it.
const PURPOSES: [&str; 3] = ["input_type", "task_type", "embedding_purpose"];

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

    /// Does a request for numbers use this, and was it taken?
    pub fn shows(&self, feature: Feature) -> bool {
        let json = |file: &str| -> Value {
            let raw = self.read(file).unwrap_or_default();
            serde_json::from_slice(&raw).unwrap_or_default()
        };
        let request = json("request.json");
        let given = |name: &&str| !request[*name].is_null();
        let used = match feature {
            Feature::Text => true,
            Feature::ManyInputs => request["input"].as_array().is_some_and(|all| all.len() > 1),
            Feature::Dimensions => given(&"dimensions"),
            Feature::Base64 => request["encoding_format"] == "base64",
            Feature::Purpose => PURPOSES.iter().any(given),
            Feature::TopN => given(&"top_n"),
            Feature::DocumentsBack => json("response.json").to_string().contains("\"document\":"),
            _ => false,
        };
        used && json("outcome.json")["refused"].is_null()
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
