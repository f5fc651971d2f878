//! A model's target, as a text or with more said of it.

use crate::config::units::{Millis, whole};
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use std::fmt;

/// `provider/model`, or the long form with deadlines of its own. The model `*`
/// is the name the client asked for.
#[derive(Debug)]
pub struct Target {
    pub target: String,
    pub first_token_timeout: Option<Millis>,
    pub timeout: Option<Millis>,
    pub api: Option<String>,
    pub weight: Option<u32>,
    pub tags: Vec<String>,
}

// === impl Target ===

#[derive(Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct LongTarget {
    /// provider/model
    target: String,
    /// Instead of defaults.first_token_timeout.
    #[serde(default)]
    first_token_timeout: Option<Millis>,
    /// Instead of defaults.timeout.
    #[serde(default)]
    timeout: Option<Millis>,
    /// The dialect to speak where the provider has several, such as
    /// openai-responses. Default: what the model asks for, else the provider's first.
    #[serde(default)]
    api: Option<String>,
    /// Its share under the strategies weighted, sticky and least_busy, 0 to 10000; 0: only
    /// behind the others. Default 1.
    #[serde(default, deserialize_with = "weight")]
    weight: Option<u32>,
    /// What rules may require of it, beside its provider's tags.
    #[serde(default)]
    tags: Vec<String>,
}

fn weight<'de, D: Deserializer<'de>>(d: D) -> Result<Option<u32>, D::Error> {
    whole(d).map(Some)
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct ShortOrLong;
        impl<'de> Visitor<'de> for ShortOrLong {
            type Value = Target;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`provider/model` or { target: provider/model, .. }")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Target, E> {
                Ok(Target {
                    target: text.to_owned(),
                    first_token_timeout: None,
                    timeout: None,
                    api: None,
                    weight: None,
                    tags: Vec::new(),
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Target, A::Error> {
                let LongTarget { target, first_token_timeout, timeout, api, weight, tags } =
                    LongTarget::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(Target { target, first_token_timeout, timeout, api, weight, tags })
            }
        }
        d.deserialize_any(ShortOrLong)
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod schema {
    use super::{LongTarget, Target};
    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
    use std::borrow::Cow;

    impl JsonSchema for Target {
        fn schema_name() -> Cow<'static, str> {
            "Target".into()
        }

        fn json_schema(generator: &mut SchemaGenerator) -> Schema {
            let long = generator.subschema_for::<LongTarget>();
            json_schema!({ "oneOf": [{ "type": "string", "pattern": "^[^/]+/.+$" }, long] })
        }
    }
}
