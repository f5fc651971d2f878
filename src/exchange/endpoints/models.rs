//! The models a client may ask for, as lists and one by one, in the shape of the vendor
//! whose client asks, which its path or a header tells (`endpoints::client`).
//!
//! Entries with globs name no model, so lists leave them out; a single look-up finds
//! whatever a call would. What a consumer may not use is not there. Windows are those
//! of the first target, where they are known. Must not: name a provider or its models.
//!
//! Spec: <https://platform.openai.com/docs/api-reference/models>,
//! <https://platform.claude.com/docs/en/api/models/list>, <https://ai.google.dev/api/models>.

use crate::catalog::{Known, Mode};
use crate::config::{Config, Consumer, Model};
use crate::dialect::Dialect;
use crate::error::Error;
use crate::route;
use page::Page;
use serde_json::{Value, json};

mod page;

/// All that this consumer may use. `query`: of the URL.
pub fn list(
    config: &Config,
    consumer: &Consumer,
    client: Dialect,
    query: &str,
) -> Result<Vec<u8>, Error> {
    let named = config.models.iter().filter(|m| !m.is_glob && consumer.may_use(&m.name));
    let all: Vec<(&str, Value)> =
        named.map(|m| (m.name.as_str(), object(client, config, m, &m.name))).collect();
    let body = match client {
        Dialect::AnthropicMessages => {
            let page = Page::of_anthropic(query)?.of(&all)?;
            json!({
                "first_id": page.items.first().map(|(name, _)| name),
                "last_id": page.items.last().map(|(name, _)| name),
                "has_more": page.more,
                "data": page.values(),
            })
        }
        Dialect::Gemini => {
            let page = Page::of_gemini(query)?.of(&all)?;
            let mut body = json!({ "models": page.values() });
            if let (true, Some((name, _))) = (page.more, page.items.last()) {
                body["nextPageToken"] = json!(name);
            }
            body
        }
        _ => {
            let data: Vec<Value> = all.into_iter().map(|(_, value)| value).collect();
            json!({ "object": "list", "data": data })
        }
    };
    Ok(body.to_string().into_bytes())
}

/// One of them: any name that a call would find, globs included.
pub fn one(
    config: &Config,
    consumer: &Consumer,
    client: Dialect,
    id: &str,
) -> Result<Vec<u8>, Error> {
    match config.model(id).filter(|_| consumer.may_use(id)) {
        Some((_, model)) => Ok(object(client, config, model, id).to_string().into_bytes()),
        None => Err(route::unknown_model(id)),
    }
}

fn object(client: Dialect, config: &Config, model: &Model, name: &str) -> Value {
    let known = known(config, model, name);
    let context = known.as_ref().and_then(|k| k.context);
    // For a model that is not listed it is a guess.
    let listed = known.filter(|k| k.mode.is_some() || k.context.is_some());
    let most = listed.map(|k| k.traits.max_output_tokens);
    match client {
        Dialect::AnthropicMessages => json!({
            "type": "model",
            "id": name,
            "display_name": name,
            // "An epoch value if the release date is unknown."
            "created_at": "1970-01-01T00:00:00Z",
            "lifecycle": "active",
            "max_input_tokens": context,
            "max_tokens": most,
        }),
        Dialect::Gemini => {
            let mut model = json!({
                "name": format!("models/{name}"),
                "displayName": name,
                "supportedGenerationMethods": methods(known.and_then(|k| k.mode)),
            });
            for (field, limit) in [("inputTokenLimit", context), ("outputTokenLimit", most)] {
                if let Some(limit) = limit {
                    model[field] = json!(limit);
                }
            }
            model
        }
        // When it was created is not known.
        _ => json!({ "id": name, "object": "model", "created": 0, "owned_by": "sluice" }),
    }
}

fn methods(mode: Option<Mode>) -> &'static [&'static str] {
    match mode {
        Some(Mode::Embedding) => &["batchEmbedContents"],
        Some(Mode::Rerank) => &[],
        _ => &["generateContent", "countTokens"],
    }
}

/// Of the first target.
fn known(config: &Config, model: &Model, asked: &str) -> Option<Known> {
    let target = config.targets(&model.targets).first()?;
    target.known.or_else(|| Some(config.providers.get(target.provider)?.known(asked)))
}
