//! Durations (`500ms`, `30s`, `10m`, `1h`), sizes (`512KiB`, `32MiB`, plain bytes) and
//! prices (`1.25`) as people write them.

use crate::catalog::price;
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};
use std::fmt;

/// Milliseconds, at least 1, at most a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Millis(pub u64);

/// Bytes, at least 1, at most 1 GiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u64);

/// A price: picodollars per token, written as USD per million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dollars(pub u64);

/// A number of tokens, at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tokens(pub u32);

const DURATION: &str = "a duration such as 500ms, 30s, 10m or 1h (at most 24h)";
const SIZE: &str = "a size such as 512KiB or 32MiB, or a number of bytes (at most 1GiB)";

/// A whole number, also written as a double: Envoy's `Struct` knows only those.
pub fn whole<'de, D: Deserializer<'de>>(d: D) -> Result<u32, D::Error> {
    let number = f64::deserialize(d)?;
    // `as` saturates, so a number that is not whole or too large is not equal to its cast.
    let cast = number as u32;
    if f64::from(cast) == number {
        Ok(cast)
    } else {
        Err(D::Error::custom("must be a whole number"))
    }
}

/// A number with a fraction, also written as a text: as such Envoy's reader of YAML hands
/// it over (<https://github.com/envoyproxy/envoy/issues/22994>).
#[derive(Debug, Clone, Copy, PartialEq)]
struct Decimal(f64);

/// For a field that is one.
pub fn decimal<'de, D: Deserializer<'de>>(d: D) -> Result<f64, D::Error> {
    Decimal::deserialize(d).map(|n| n.0)
}

/// For a field that may be one.
pub fn some_decimal<'de, D: Deserializer<'de>>(d: D) -> Result<Option<f64>, D::Error> {
    Option::<Decimal>::deserialize(d).map(|n| n.map(|n| n.0))
}

/// `number` and `unit` apart; a number without one has the unit "".
fn parse(text: &str, units: &[(&str, u64)], max: u64) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let scale = units.iter().find(|u| u.0 == unit.trim())?.1;
    number.parse::<u64>().ok()?.checked_mul(scale).filter(|n| (1..=max).contains(n))
}

// === impl Millis ===

impl Millis {
    pub fn parse(text: &str) -> Option<Self> {
        let units = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];
        parse(text, &units, 86_400_000).map(Self)
    }
}

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom(format!("`{text}` is not {DURATION}")))
    }
}

// === impl Bytes ===

impl Bytes {
    pub fn parse(text: &str) -> Option<Self> {
        let units = [("", 1), ("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];
        parse(text, &units, 1 << 30).map(Self)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Size;
        impl Visitor<'_> for Size {
            type Value = Bytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(SIZE)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Bytes, E> {
                Bytes::parse(text).ok_or_else(|| E::custom(format!("`{text}` is not {SIZE}")))
            }

            fn visit_u64<E: Error>(self, n: u64) -> Result<Bytes, E> {
                self.visit_str(&n.to_string())
            }

            /// Envoy's `Struct` knows only doubles.
            fn visit_f64<E: Error>(self, n: f64) -> Result<Bytes, E> {
                self.visit_str(&n.to_string())
            }
        }
        d.deserialize_any(Size)
    }
}

// === impl Decimal ===

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Number;
        impl Visitor<'_> for Number {
            type Value = Decimal;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }

            fn visit_f64<E: Error>(self, n: f64) -> Result<Decimal, E> {
                Ok(Decimal(n))
            }

            fn visit_u64<E: Error>(self, n: u64) -> Result<Decimal, E> {
                Ok(Decimal(n as f64))
            }

            fn visit_i64<E: Error>(self, n: i64) -> Result<Decimal, E> {
                Ok(Decimal(n as f64))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Decimal, E> {
                // Not "inf", not "nan".
                let number = text.parse().ok().filter(|n: &f64| n.is_finite());
                let number = number.filter(|_| text.bytes().any(|b| b.is_ascii_digit()));
                number.map(Decimal).ok_or_else(|| E::custom(format!("`{text}` is not a number")))
            }
        }
        d.deserialize_any(Number)
    }
}

// === impl Dollars ===

impl<'de> Deserialize<'de> for Dollars {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        // As Rust prints a double: the shortest digits that name it, no exponent. So
        // what people wrote is read exactly, and no price is the result of a float.
        let text = Decimal::deserialize(d)?.0.to_string();
        let pico = price::parse(&text).filter(|pico| *pico <= price::MAX);
        pico.map(Self).ok_or_else(|| {
            D::Error::custom(format!(
                "{text} is no price: USD per million tokens, 0 to 1000000, at most 6 decimals"
            ))
        })
    }
}

// === impl Tokens ===

impl<'de> Deserialize<'de> for Tokens {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        match whole(d)? {
            0 => Err(D::Error::custom("must be at least 1")),
            n => Ok(Self(n)),
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod schema {
    use super::{Bytes, Dollars, Millis, Tokens};
    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
    use std::borrow::Cow;

    impl JsonSchema for Millis {
        fn schema_name() -> Cow<'static, str> {
            "Duration".into()
        }

        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({ "type": "string", "pattern": "^[0-9]+ ?(ms|s|m|h)$" })
        }
    }

    impl JsonSchema for Dollars {
        fn schema_name() -> Cow<'static, str> {
            "Dollars".into()
        }

        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({ "type": "number", "minimum": 0, "maximum": 1_000_000 })
        }
    }

    impl JsonSchema for Tokens {
        fn schema_name() -> Cow<'static, str> {
            "Tokens".into()
        }

        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({ "type": "integer", "minimum": 1 })
        }
    }

    impl JsonSchema for Bytes {
        fn schema_name() -> Cow<'static, str> {
            "Size".into()
        }

        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({ "oneOf": [
                { "type": "string", "pattern": "^[0-9]+ ?(B|KiB|MiB|GiB)?$" },
                { "type": "integer", "minimum": 1 }
            ] })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_units() {
        assert_eq!(Millis::parse("500ms"), Some(Millis(500)));
        assert_eq!(Millis::parse("10m"), Some(Millis(600_000)));
        for bad in ["", "5", "0s", "-1s", "25h", "s", "99999999999999999999s", "1.5s"] {
            assert_eq!(Millis::parse(bad), None, "{bad}");
        }
        for number in ["0.025", "\"0.025\"", "2.5e-2"] {
            assert_eq!(serde_json::from_str::<Decimal>(number).unwrap(), Decimal(0.025));
        }
        for bad in ["\"\"", "\"inf\"", "\"1,5\"", "true", "null"] {
            assert!(serde_json::from_str::<Decimal>(bad).is_err(), "{bad}");
        }
        assert_eq!(serde_json::from_str::<Dollars>("\"1.25\"").unwrap(), Dollars(1_250_000));
        assert_eq!(serde_json::from_str::<Bytes>("\"32MiB\"").unwrap(), Bytes(32 << 20));
        assert_eq!(serde_json::from_str::<Bytes>("1024.0").unwrap(), Bytes(1024));
        assert!(
            serde_json::from_str::<Bytes>("\"2GiB\"")
                .unwrap_err()
                .to_string()
                .contains("at most 1GiB")
        );
    }
}
