//! What a provider says that a call cost: read from its `usage`, as nanodollars.
//!
//! It is what will stand on its bill: routing, cache discounts, tools, searches and tiers
//! included, which no list of prices knows. So it goes before our own sum.
//!
//! - OpenRouter, in every answer and in the last chunk of every stream: `cost`, in credits
//!   of a dollar. With a key of one's own (`is_byok`) that is OpenRouter's fee alone, and
//!   `cost_details.upstream_inference_cost` is what the vendor charges for: both are paid.
//!   The page says that the latter comes with such calls only; where `is_byok` is false it
//!   is not added, lest a call be charged twice. `is_byok` without it: not known.
//!   <https://openrouter.ai/docs/use-cases/usage-accounting>
//! - xAI: `cost_in_usd_ticks`, 10^-10 dollars.
//!   <https://docs.x.ai/developers/cost-tracking>
//! - Perplexity and others after it: `cost` is an object with `total_cost`, and in Responses
//!   a `currency`. <https://docs.perplexity.ai/api-reference/chat-completions-post>
//!
//! Numbers are read as decimals, digit by digit, and rounded once, half up. Must not: use a
//! float, take a negative or absurd number for a cost (our own sum holds then), or know
//! prices. Costs a search of some hundred bytes where the word does not occur.

use crate::wire::json;
use serde::Deserialize;
use serde_json::value::RawValue;

/// $10,000: more than any call can cost. One absurd number must not spoil a shared sum.
pub const MAX: u64 = 10_000_000_000_000;

/// Digits of a nanodollar behind a dollar's point, and of a tick's behind its own.
const OF_DOLLARS: i64 = 9;
const OF_TICKS: i64 = -1;

/// Nanodollars, by the bytes of a `usage` object.
pub(super) fn told(usage: &[u8]) -> Option<u64> {
    memchr::memmem::find(usage, b"\"cost")?;
    let wire: Wire<'_> = json::record(usage)?;
    if let Some(ticks) = wire.cost_in_usd_ticks.and_then(|t| money(t, OF_TICKS)) {
        return Some(ticks);
    }
    let own = wire.cost.and_then(dollars);
    let details: Option<Details<'_>> =
        wire.cost_details.and_then(|raw| json::record(raw.get().as_bytes()));
    let theirs = details.and_then(|d| dollars(d.upstream_inference_cost?));
    let cost = match wire.is_byok.map(RawValue::get) {
        Some("true") => own?.checked_add(theirs?),
        Some("false") => own,
        _ => own?.checked_add(theirs.unwrap_or(0)),
    };
    cost.filter(|nano| *nano <= MAX)
}

/// The tier that served a call, where it is another than the standard one: its prices are
/// no fixed multiple of the list's (OpenAI takes half for `flex`, Groq the same; and for
/// `priority` 1.75 to 2.5 times as much, by the model).
/// <https://developers.openai.com/api/docs/guides/flex-processing>,
/// <https://openai.com/api-priority-processing/>, <https://console.groq.com/docs/flex-processing>
pub(super) fn tier(raw: Option<&RawValue>) -> Option<&'static str> {
    match raw?.get() {
        "\"flex\"" => Some("flex"),
        "\"priority\"" => Some("priority"),
        _ => None,
    }
}

fn dollars(raw: &RawValue) -> Option<u64> {
    if !raw.get().starts_with('{') {
        return money(raw, OF_DOLLARS);
    }
    let parts: Parts<'_> = json::record(raw.get().as_bytes())?;
    let is_usd = parts.currency.is_none_or(|c| matches!(c.get(), "\"USD\"" | "null"));
    money(parts.total_cost.filter(|_| is_usd)?, OF_DOLLARS)
}

fn money(raw: &RawValue, digits: i64) -> Option<u64> {
    decimal(raw.get(), digits).filter(|nano| *nano <= MAX)
}

/// A JSON number times 10^`shift`, half up. `None`: negative, no number, or too large.
fn decimal(number: &str, shift: i64) -> Option<u64> {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() {
        return None;
    }
    // Where the point comes to stand, in digits from the first.
    let exponent: i32 = exponent.parse().ok()?;
    let length = i64::try_from(whole.len()).ok()?;
    let mut left = length.checked_add(i64::from(exponent))?.checked_add(shift)?;
    let mut n: u64 = 0;
    for byte in whole.bytes().chain(part.bytes()) {
        let digit = u64::from(byte.checked_sub(b'0').filter(|d| *d < 10)?);
        match left {
            1.. => n = n.checked_mul(10)?.checked_add(digit)?,
            0 if digit >= 5 => n = n.checked_add(1)?,
            _ => {}
        }
        left -= 1;
    }
    while left > 0 && n > 0 {
        n = n.checked_mul(10)?;
        left -= 1;
    }
    Some(n)
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    cost: Option<&'a RawValue>,
    #[serde(borrow)]
    cost_in_usd_ticks: Option<&'a RawValue>,
    #[serde(borrow)]
    is_byok: Option<&'a RawValue>,
    #[serde(borrow)]
    cost_details: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Details<'a> {
    #[serde(borrow)]
    upstream_inference_cost: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Parts<'a> {
    #[serde(borrow)]
    total_cost: Option<&'a RawValue>,
    #[serde(borrow)]
    currency: Option<&'a RawValue>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decimals_are_read_exactly_and_rounded_half_up() {
        for (text, nano) in [
            ("0", 0),
            ("0.0", 0),
            ("0.95", 950_000_000),
            ("19", 19_000_000_000),
            ("1e-7", 100),
            ("1.5E-06", 1_500),
            ("12.5e+1", 125_000_000_000),
            ("0.00014", 140_000),
            ("0.0000000004", 0),
            ("0.0000000005", 1),
            ("0.00000000049999999999999999999999999", 0),
            ("0.1234567895", 123_456_790),
            ("0.30000000000000004", 300_000_000),
            ("5e-10", 1),
            ("5e-11", 0),
            ("9e-2000000000", 0),
            ("0e2000000000", 0),
            ("1e4", MAX),
        ] {
            assert_eq!(decimal(text, OF_DOLLARS), Some(nano), "{text}");
        }
        for bad in [
            "-1",
            "-0.1",
            "1e99",
            "1e2147483648",
            "9e2147483647",
            "\"1\"",
            "null",
            "true",
            "[]",
            "",
            "99999999999999999999",
        ] {
            assert_eq!(decimal(bad, OF_DOLLARS), None, "{bad}");
        }
        assert_eq!(decimal("37756000", OF_TICKS), Some(3_775_600));
        assert_eq!(
            [4, 5, 15].map(|t| decimal(&t.to_string(), OF_TICKS)),
            [Some(0), Some(1), Some(2)]
        );
    }

    #[test]
    fn vendors_say_it_in_their_own_ways() {
        for (usage, nano) in [
            (r#"{"prompt_tokens":1}"#, None),
            (r#"{"cost":0.00123,"is_byok":false}"#, Some(1_230_000)),
            (r#"{"cost":0}"#, Some(0)),
            // OpenRouter's own example: the fee is 5 % of what the vendor takes.
            (
                r#"{"cost":0.95,"cost_details":{"upstream_inference_cost":19}}"#,
                Some(19_950_000_000),
            ),
            (
                r#"{"cost":0.95,"is_byok":true,"cost_details":{"upstream_inference_cost":19}}"#,
                Some(19_950_000_000),
            ),
            (
                r#"{"cost":0,"is_byok":true,"cost_details":{"upstream_inference_cost":0.5}}"#,
                Some(500_000_000),
            ),
            (r#"{"cost":0.1,"is_byok":true,"cost_details":null}"#, None),
            (
                r#"{"cost":0.5,"is_byok":false,"cost_details":{"upstream_inference_cost":0.5}}"#,
                Some(500_000_000),
            ),
            (r#"{"cost":0.5,"cost_details":{"upstream_inference_cost":null}}"#, Some(500_000_000)),
            (r#"{"cost_in_usd_ticks":37756000}"#, Some(3_775_600)),
            (
                r#"{"cost":{"input_tokens_cost":0.1,"request_cost":0.005,"total_cost":0.10512}}"#,
                Some(105_120_000),
            ),
            (r#"{"cost":{"currency":"USD","total_cost":1e-3}}"#, Some(1_000_000)),
            (r#"{"cost":{"currency":"EUR","total_cost":1e-3}}"#, None),
            (r#"{"cost":{}}"#, None),
            (r#"{"cost":"0.5"}"#, None),
            (r#"{"cost":-0.5}"#, None),
            (r#"{"cost":10000.000000001}"#, None),
            (r#"{"cost":1e300}"#, None),
            (r#"{"cost":[1]}"#, None),
            (r#"["cost",1]"#, None),
            (r#"{"cost_in_usd_ticks":-1,"cost":0.25}"#, Some(250_000_000)),
            (r#"{"cost":9999,"cost_details":{"upstream_inference_cost":9999}}"#, None),
        ] {
            assert_eq!(told(usage.as_bytes()), nano, "{usage}");
        }
    }

    proptest! {
        #[test]
        fn a_number_is_itself_however_it_is_written(nano in 0..=MAX, places in 0usize..30) {
            let (whole, part) = (nano / 1_000_000_000, nano % 1_000_000_000);
            let plain = format!("{whole}.{part:09}{}", "0".repeat(places));
            prop_assert_eq!(decimal(&plain, OF_DOLLARS), Some(nano));
            prop_assert_eq!(decimal(&format!("{nano}e-9"), OF_DOLLARS), Some(nano));
            let shifted = format!("0.{}{nano}E+{places}", "0".repeat(places));
            let digits = nano.to_string().len();
            prop_assert_eq!(decimal(&shifted, digits as i64), Some(nano));
        }

        #[test]
        fn nothing_breaks_it(text in "[-+0-9eE. ]{0,40}") {
            let _ = decimal(&text, OF_DOLLARS);
        }
    }
}
