//! Pictures: the smallest PNG there is, as base64 or behind a URL, with previews.

use serde_json::{Value, json};

use super::{Fields, given, only, text, word};
use crate::cli::mock::answer::{Answer, Ask, Turn};
use crate::cli::mock::openai::fields::{boolean, field, integer, missing};
use crate::cli::mock::vendor::{Event, Failure, Kind};

pub(super) fn ask(body: &Fields, edit: bool) -> Result<Ask<'_>, Failure> {
    only(body, KNOWN)?;
    let model = text(body, "model")?;
    let prompt = text(body, "prompt")?;
    if edit {
        images(body)?;
    }
    if model.starts_with("gpt-image") && body.contains_key("response_format") {
        return Err(Failure::bad("Unknown parameter: 'response_format'.")
            .param("response_format")
            .code("unknown_parameter"));
    }
    word(body, "response_format", &["url", "b64_json"])?;
    word(body, "quality", &["auto", "low", "medium", "high", "standard", "hd"])?;
    word(body, "output_format", &["png", "webp", "jpeg"])?;
    word(body, "background", &["auto", "transparent", "opaque"])?;
    size(body)?;
    // A form's numbers and flags are texts.
    let numbers: Fields = ["n", "partial_images", "stream"]
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), number(body.get(*name)?))))
        .collect();
    let choices = integer(&numbers, "n", 1, 10)?.unwrap_or(1) as usize;
    integer(&numbers, "partial_images", 0, 3)?;
    let stream = boolean(&numbers, "stream")?.unwrap_or(false);
    let turn = Turn::User(prompt.to_owned());
    Ok(Ask { model, stream, choices, turn, input_bytes: prompt.len(), ..Ask::default() })
}

/// One file, or up to sixteen.
fn images(body: &Fields) -> Result<(), Failure> {
    let image = field(body, "image").ok_or_else(|| missing("image"))?;
    let files = image.as_array().map_or(std::slice::from_ref(image), Vec::as_slice);
    let good = |file: &Value| {
        let name = file["filename"].as_str().unwrap_or_default();
        [".png", ".jpg", ".webp"].iter().any(|end| name.ends_with(end))
    };
    if files.len() > 16 || !files.iter().all(good) {
        return Err(Failure::bad("Invalid file 'image': unsupported mimetype.").param("image"));
    }
    Ok(())
}

fn size(body: &Fields) -> Result<(), Failure> {
    let Some(size) = field(body, "size") else { return Ok(()) };
    let text = size.as_str().unwrap_or_default();
    let number = |n: &str| n.parse::<u32>().is_ok();
    let fits = text.split_once('x').is_some_and(|(w, h)| number(w) && number(h));
    if fits || text == "auto" {
        return Ok(());
    }
    Err(Failure::bad(format!("Invalid value: {size}.")).param("size").code("invalid_value"))
}

fn number(value: &Value) -> Value {
    let text = value.as_str().and_then(|text| serde_json::from_str(text).ok());
    text.unwrap_or_else(|| value.clone())
}

pub(super) fn whole(ask: &Ask<'_>, answer: &Answer) -> String {
    let as_url = !ask.model.starts_with("gpt-image") && given(ask, "response_format") != "b64_json";
    let image = match as_url {
        true => json!({ "url": format!("https://images.invalid/{}.png", answer.id) }),
        false => json!({ "b64_json": PNG }),
    };
    let data = vec![image; ask.choices.max(1)];
    let mut body = json!({ "created": 1_700_000_000, "data": data });
    // Only models of tokens count them.
    if !as_url && let Some(usage) = usage(ask, answer) {
        body["usage"] = usage;
    }
    body.to_string()
}

pub(super) fn events(ask: &Ask<'_>, answer: &Answer, verb: &'static str) -> Vec<Event> {
    let partials = ask.fields.and_then(|f| number(f.get("partial_images")?).as_u64()).unwrap_or(0);
    let event = |kind, what: &str, more: Value| {
        let mut data = json!({ "type": format!("{verb}.{what}"), "b64_json": PNG,
            "created_at": 1_700_000_000, "size": "1024x1024", "quality": "low",
            "background": "opaque", "output_format": "png" });
        for (name, value) in more.as_object().into_iter().flatten() {
            data[name] = value.clone();
        }
        let name = match (verb, what) {
            ("image_edit", "completed") => "image_edit.completed",
            ("image_edit", _) => "image_edit.partial_image",
            (_, "completed") => "image_generation.completed",
            _ => "image_generation.partial_image",
        };
        Event::new(kind, name, data.to_string())
    };
    let mut events: Vec<_> = (0..partials)
        .map(|n| event(Kind::Content, "partial_image", json!({ "partial_image_index": n })))
        .collect();
    let usage = usage(ask, answer).map_or(json!({}), |usage| json!({ "usage": usage }));
    events.push(event(Kind::Done, "completed", usage));
    events
}

fn usage(ask: &Ask<'_>, answer: &Answer) -> Option<Value> {
    let usage = answer.usage?;
    let output = 272 * ask.choices.max(1);
    Some(json!({
        "input_tokens": usage.input, "output_tokens": output,
        "total_tokens": usage.input + output,
        "input_tokens_details": { "text_tokens": usage.input, "image_tokens": 0 },
    }))
}

const KNOWN: &[&str] = &[
    "background",
    "image",
    "input_fidelity",
    "mask",
    "model",
    "moderation",
    "n",
    "output_compression",
    "output_format",
    "partial_images",
    "prompt",
    "quality",
    "response_format",
    "safety_identifier",
    "size",
    "stream",
    "style",
    "user",
];
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
