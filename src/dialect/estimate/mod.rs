//! How many tokens something has, where nobody counts them: the house's one estimate.
//!
//! `measure` walks a request, `scan` and `text` tell what its text is made of, `pictures`
//! what its pictures and files come to; `factors` learn how a model differs from the base
//! (`weights`), `outputs` how long its answers are. Where only a length is known, four
//! bytes are a token, across languages and code.
//!
//! How far it is off, by language: `tests/estimates.rs` measures it against real
//! vocabularies and prints a table. Cost: a pass of about a nanosecond a byte, so it is
//! made only where a limit counts tokens, a rule asks for them, a count is answered by us,
//! or a body is longer than a window has tokens.
//!
//! Must not: be taken for a count. Whoever shows it says that it is one.

use measure::Measure;
use pictures::Sight;

pub mod factors;
pub mod measure;
pub mod outputs;
pub mod pictures;
pub mod scan;
pub mod text;
mod weights;

const BYTES_PER_TOKEN: u64 = 4;
/// Indented code has that many, on an average.
const MOST_BYTES_PER_TOKEN: u64 = 8;

/// Of text of which only the length is known.
pub fn of_bytes(bytes: u64) -> u64 {
    bytes.div_ceil(BYTES_PER_TOKEN)
}

/// Of a request in any dialect, by a model of which nothing was learned.
pub fn of_request(body: &[u8], sight: Sight) -> u64 {
    Measure::of(body, &|| sight).tokens(&factors::Factors::NONE)
}

/// Fewer tokens a request does not have: its text alone, written as loosely as code is,
/// runs of one kind of sign aside.
pub fn least_of_request(body: &[u8]) -> u64 {
    Measure::of(body, &|| Sight::Pixels).dense / MOST_BYTES_PER_TOKEN
}

#[cfg(test)]
mod tests;
