//! `keys`: where a provider's credentials are. Must not: quote what may be one.

use crate::config::aws;
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;

#[derive(Debug, PartialEq, Eq)]
pub enum Keys {
    None,
    List(Vec<Key>),
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

// === impl Key ===

/// By hand: serde's own complaints quote what they found, and that may be a key.
impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct EnvOrValue;
        impl<'de> Visitor<'de> for EnvOrValue {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "{ env: VARIABLE }, { bearer_env: VARIABLE }, { value: KEY } or { aws: {} }",
                )
            }

            fn visit_str<E: de::Error>(self, _: &str) -> Result<Key, E> {
                Err(E::invalid_type(de::Unexpected::Other("a text"), &self))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Key, A::Error> {
                let wrong =
                    || de::Error::custom(format_args!("expected {}", &self as &dyn de::Expected));
                let key = match map.next_key::<String>()?.as_deref() {
                    Some("env") => Key::Env(map.next_value()?),
                    Some("bearer_env") => Key::BearerEnv(map.next_value()?),
                    Some("value") => Key::Value(map.next_value()?),
                    Some("aws") => Key::Aws(map.next_value()?),
                    _ => return Err(wrong()),
                };
                if map.next_key::<de::IgnoredAny>()?.is_some() {
                    return Err(wrong());
                }
                Ok(key)
            }
        }
        d.deserialize_any(EnvOrValue)
    }
}

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
    use super::{Key, Keys};
    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
    use std::borrow::Cow;

    impl JsonSchema for Keys {
        fn schema_name() -> Cow<'static, str> {
            "Keys".into()
        }

        fn json_schema(generator: &mut SchemaGenerator) -> Schema {
            let list = generator.subschema_for::<Vec<Key>>();
            json_schema!({ "oneOf": [{ "const": "none" }, list] })
        }
    }
}
