//! `keys`: where a provider's credentials are. Must not: quote what may be one.

use crate::config::aws;
use crate::config::units::whole;
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;

#[derive(Debug, PartialEq, Eq)]
pub enum Keys {
    None,
    List(Vec<Listed>),
}

/// A key, and how much of its provider's calls it may take.
#[derive(Debug, PartialEq, Eq)]
pub struct Listed {
    pub key: Key,
    /// Its share beside the provider's other keys, 0 to 10000; 0: only behind the
    /// others. Default 1.
    pub weight: Option<u32>,
    /// What is known of its quota, for all workers of this proxy together.
    pub requests_per_minute: Option<u32>,
    /// The same for tokens, input and output.
    pub tokens_per_minute: Option<u32>,
}

#[derive(PartialEq, Eq)]
#[cfg_attr(
    not(target_arch = "wasm32"),
    derive(schemars::JsonSchema),
    schemars(rename_all = "snake_case")
)]
pub enum Key {
    /// The name of an environment variable of the Envoy process.
    Env(String),
    /// The same for a token that goes into `authorization: Bearer`, whatever header
    /// the provider's keys go into: an Entra token for Azure.
    BearerEnv(String),
    /// The key itself. Better: `env`.
    Value(String),
    /// AWS credentials, which sign each call.
    Aws(aws::Names),
}

// === impl Keys ===

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct NoneOrList;
        impl<'de> Visitor<'de> for NoneOrList {
            type Value = Keys;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`none`, or a list such as [{ env: OPENAI_API_KEY }]")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Keys, E> {
                match text {
                    "none" => Ok(Keys::None),
                    _ => Err(E::invalid_value(de::Unexpected::Str("a text"), &self)),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Keys, A::Error> {
                Vec::deserialize(de::value::SeqAccessDeserializer::new(seq)).map(Keys::List)
            }
        }
        d.deserialize_any(NoneOrList)
    }
}

// === impl Listed ===

/// By hand: serde's own complaints quote what they found, and that may be a key.
impl<'de> Deserialize<'de> for Listed {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct EnvOrValue;
        impl<'de> Visitor<'de> for EnvOrValue {
            type Value = Listed;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "{ env: VARIABLE }, { bearer_env: VARIABLE }, { value: KEY } or { aws: {} }, \
                     with weight, requests_per_minute and tokens_per_minute, if need be",
                )
            }

            fn visit_str<E: de::Error>(self, _: &str) -> Result<Listed, E> {
                Err(E::invalid_type(de::Unexpected::Other("a text"), &self))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Listed, A::Error> {
                let wrong =
                    || de::Error::custom(format_args!("expected {}", &self as &dyn de::Expected));
                let (mut key, mut weight, mut requests, mut tokens) = (None, None, None, None);
                while let Some(name) = map.next_key::<String>()? {
                    let once = match name.as_str() {
                        "env" => key.replace(Key::Env(map.next_value()?)).is_none(),
                        "bearer_env" => key.replace(Key::BearerEnv(map.next_value()?)).is_none(),
                        "value" => key.replace(Key::Value(map.next_value()?)).is_none(),
                        "aws" => key.replace(Key::Aws(map.next_value()?)).is_none(),
                        "weight" => number(&mut map, &mut weight)?,
                        "requests_per_minute" => number(&mut map, &mut requests)?,
                        "tokens_per_minute" => number(&mut map, &mut tokens)?,
                        _ => false,
                    };
                    if !once {
                        return Err(wrong());
                    }
                }
                Ok(Listed {
                    key: key.ok_or_else(wrong)?,
                    weight,
                    requests_per_minute: requests,
                    tokens_per_minute: tokens,
                })
            }
        }
        d.deserialize_any(EnvOrValue)
    }
}

/// A whole number; whatever else stands there is not quoted. `false`: there was one.
fn number<'de, A: MapAccess<'de>>(map: &mut A, to: &mut Option<u32>) -> Result<bool, A::Error> {
    struct Quiet(u32);
    impl<'de> Deserialize<'de> for Quiet {
        fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
            whole(d).map(Quiet).map_err(|_| de::Error::custom("must be a whole number"))
        }
    }
    Ok(to.replace(map.next_value::<Quiet>()?.0).is_none())
}

// === impl Key ===

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Env(name) => write!(f, "Env({name})"),
            Key::BearerEnv(name) => write!(f, "BearerEnv({name})"),
            Key::Value(_) => f.write_str("Value(redacted)"),
            Key::Aws(_) => f.write_str("Aws(redacted)"),
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod schema {
    use super::{Key, Keys, Listed};
    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
    use std::borrow::Cow;

    impl JsonSchema for Keys {
        fn schema_name() -> Cow<'static, str> {
            "Keys".into()
        }

        fn json_schema(generator: &mut SchemaGenerator) -> Schema {
            let list = generator.subschema_for::<Vec<Listed>>();
            json_schema!({ "oneOf": [{ "const": "none" }, list] })
        }
    }

    /// Each way of naming a key, with the same members beside it.
    impl JsonSchema for Listed {
        fn schema_name() -> Cow<'static, str> {
            "Key".into()
        }

        fn json_schema(generator: &mut SchemaGenerator) -> Schema {
            let mut schema = Key::json_schema(generator);
            let ways = schema.get_mut("oneOf").and_then(|ways| ways.as_array_mut());
            for way in ways.into_iter().flatten() {
                let Some(members) = way.get_mut("properties").and_then(|p| p.as_object_mut())
                else {
                    continue;
                };
                for (name, least, words) in [
                    (
                        "weight",
                        0,
                        "Its share beside the other keys, 0 to 10000; 0: only behind them. Default 1.",
                    ),
                    ("requests_per_minute", 1, "Its own limit, for all workers together."),
                    ("tokens_per_minute", 1, "Its own limit, input and output together."),
                ] {
                    let number =
                        json_schema!({ "description": words, "type": "integer", "minimum": least });
                    members.insert(name.to_owned(), number.to_value());
                }
            }
            schema
        }
    }
}
