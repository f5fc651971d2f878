//! The models a client may ask for, as lists and one by one.
//!
//! Must not: name a provider or its models.

use crate::config::{Config, Model};
use crate::error::Error;
use crate::route;
use serde_json::{Value, json};

/// `GET /v1/models`: the configured names; globs name no model, so they are left out.
pub fn list(config: &Config) -> Vec<u8> {
    let data: Vec<Value> =
        config.models.iter().filter(|m| !m.is_glob).map(|m| model(&m.name)).collect();
    json!({ "object": "list", "data": data }).to_string().into_bytes()
}

/// `GET /v1/models/{id}`: any name that a call would find, globs included.
pub fn one(config: &Config, id: &str) -> Result<Vec<u8>, Error> {
    let found: Option<(usize, &Model)> = config.model(id);
    found.map(|_| model(id).to_string().into_bytes()).ok_or_else(|| route::unknown_model(id))
}

/// OpenAI's model object. When it was created is not known: 0.
fn model(name: &str) -> Value {
    json!({ "id": name, "object": "model", "created": 0, "owned_by": "sluice" })
}
