//! `aws:` in `keys`: which environment variables hold AWS credentials.
//!
//! Must not: hold a credential, or quote what may be one that was put here.

use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// The names of the environment variables that hold AWS credentials.
#[derive(Default, PartialEq, Eq)]
#[cfg_attr(
    not(target_arch = "wasm32"),
    derive(schemars::JsonSchema),
    schemars(rename = "AwsNames", deny_unknown_fields)
)]
pub struct Names {
    /// Default: `AWS_ACCESS_KEY_ID`.
    access_key_id: Option<String>,
    /// Default: `AWS_SECRET_ACCESS_KEY`.
    secret_access_key: Option<String>,
    /// For temporary credentials. Default: `AWS_SESSION_TOKEN` where that is set and
    /// neither of the others is named.
    session_token: Option<String>,
}

// === impl Names ===

impl Names {
    pub const ID: &str = "AWS_ACCESS_KEY_ID";
    pub const SECRET: &str = "AWS_SECRET_ACCESS_KEY";
    pub const TOKEN: &str = "AWS_SESSION_TOKEN";

    pub fn access_key_id(&self) -> &str {
        self.access_key_id.as_deref().unwrap_or(Self::ID)
    }

    pub fn secret_access_key(&self) -> &str {
        self.secret_access_key.as_deref().unwrap_or(Self::SECRET)
    }

    /// The token's variable, and whether it must be set. The usual one belongs to
    /// the usual pair.
    pub fn session_token(&self) -> Option<(&str, bool)> {
        let own_pair = self.access_key_id.is_some() || self.secret_access_key.is_some();
        match &self.session_token {
            Some(name) => Some((name, true)),
            None => (!own_pair).then_some((Self::TOKEN, false)),
        }
    }
}

/// By hand: serde's own complaints quote what they found, and that may be a key.
impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Names;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "{ access_key_id, secret_access_key, session_token }, each the name of an \
                     environment variable, each with a default",
                )
            }

            fn visit_str<E: de::Error>(self, _: &str) -> Result<Names, E> {
                Err(E::invalid_type(de::Unexpected::Other("a text"), &self))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Names, A::Error> {
                let mut names = Names::default();
                while let Some(field) = map.next_key::<String>()? {
                    let name = match field.as_str() {
                        "access_key_id" => &mut names.access_key_id,
                        "secret_access_key" => &mut names.secret_access_key,
                        "session_token" => &mut names.session_token,
                        _ => {
                            let expected = &self as &dyn de::Expected;
                            return Err(de::Error::custom(format_args!("expected {expected}")));
                        }
                    };
                    *name = Some(map.next_value()?);
                }
                Ok(names)
            }
        }
        d.deserialize_any(Fields)
    }
}
