//! What tokens cost, in whole numbers.
//!
//! Prices are picodollars (10^-12 USD) per token: USD per million tokens times a
//! million, so six decimals of a price list are exact. A cost is added up in
//! picodollars and rounded once, half up, to nanodollars (10^-9 USD). Must not: use
//! a float, or take what is not listed for free.
//!
//! Rules, each the vendors' own:
//! - Input is fresh, read from a cache, or written to one; the parts are taken out
//!   of the whole, never added to it. What has no price of its own is charged as what
//!   it is a part of: a one-hour write as a write, a cached token as input, reasoning
//!   as output. <https://platform.claude.com/docs/en/about-claude/pricing>
//! - The long-context tier goes by the call's whole input, cached tokens included,
//!   and holds for the whole call, not for what is above.
//!   <https://ai.google.dev/gemini-api/docs/pricing>
//! - No list has cache prices of that tier; they go up as input does, as those of
//!   Gemini 2.5 Pro ($0.125 to $0.25) and Anthropic's multipliers, which "stack".
//! - Where a provider tells what it bills apart from what was used, that is charged.
//!   <https://docs.cohere.com/docs/how-does-cohere-pricing-work>
//! - Output without a price, where there was output: the cost is not known. Not 0.

use crate::dialect::Usage;

/// Picodollars per token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Price {
    pub input: u64,
    /// Embeddings and reranking have none.
    pub output: Option<u64>,
    pub cache_read: Option<u64>,
    /// Kept for five minutes.
    pub cache_write: Option<u64>,
    pub cache_write_1h: Option<u64>,
    pub input_above_200k: Option<u64>,
    pub output_above_200k: Option<u64>,
    pub reasoning: Option<u64>,
}

/// Above so many tokens of input the long-context tier holds.
pub const LONG: u64 = 200_000;

const PICO_PER_NANO: u128 = 1_000;
const DECIMALS: usize = 6;

/// `1.25` (USD per million tokens) as picodollars per token. No sign, no exponent, at
/// most six decimals.
pub fn parse(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if !is_number(whole) || !part.bytes().all(|b| b.is_ascii_digit()) || part.len() > DECIMALS {
        return None;
    }
    let scale = |digits: usize| (0..digits).fold(1u64, |n, _| n * 10);
    let part =
        if part.is_empty() { 0 } else { part.parse::<u64>().ok()? * scale(DECIMALS - part.len()) };
    whole.parse::<u64>().ok()?.checked_mul(scale(DECIMALS))?.checked_add(part)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Picodollars per token as USD per million tokens.
pub fn per_million(pico: u64) -> String {
    decimal(pico, DECIMALS)
}

/// Nanodollars as USD.
pub fn usd(nano: u64) -> String {
    decimal(nano, 9)
}

/// `n` / 10^`decimals`, without zeros at the end.
fn decimal(n: u64, decimals: usize) -> String {
    let digits = format!("{n:0>width$}", width = decimals + 1);
    let (whole, part) = digits.split_at(digits.len() - decimals);
    let part = part.trim_end_matches('0');
    if part.is_empty() { whole.to_owned() } else { format!("{whole}.{part}") }
}

// === impl Price ===

impl Price {
    /// It tells what a call costs that generates, or one that does not.
    pub fn covers(&self, generates: bool) -> bool {
        self.output.is_some() || !generates
    }

    /// Nothing costs anything: that is known whatever was used.
    pub fn is_free(&self) -> bool {
        self.input == 0 && self.output.unwrap_or(0) == 0
    }

    /// Nanodollars for a call; `None`: not known. Saturates where no sum could be true.
    pub fn cost(&self, usage: &Usage) -> Option<u64> {
        let (input, output) = usage.billed.unwrap_or((usage.input, usage.output));
        let usage = Usage { input, output, ..*usage }.within();
        let long = usage.input > LONG;
        let input = Step::new(self.input, self.input_above_200k.filter(|_| long));
        let (cached, written, hour) = (usage.cached_input, usage.cache_write, usage.cache_write_1h);
        let write = self.cache_write.map_or(input.now, |p| input.carry(p));
        let mut pico = product(usage.input - cached - written, input.now)
            + product(cached, self.cache_read.map_or(input.now, |p| input.carry(p)))
            + product(written - hour, write)
            + product(hour, self.cache_write_1h.map_or(write, |p| input.carry(p)));
        if usage.output > 0 {
            let output = Step::new(self.output?, self.output_above_200k.filter(|_| long));
            let thought = usage.reasoning;
            pico += product(usage.output - thought, output.now)
                + product(thought, self.reasoning.map_or(output.now, |p| output.carry(p)));
        }
        Some(u64::try_from((pico + PICO_PER_NANO / 2) / PICO_PER_NANO).unwrap_or(u64::MAX))
    }
}

/// Below 2^104, since no price is above `MAX`: a call's six terms cannot overflow.
fn product(tokens: u64, price: u64) -> u128 {
    u128::from(tokens) * u128::from(price.min(MAX))
}

/// A dollar per token.
pub const MAX: u64 = 1_000_000_000_000;

/// A price, and what it is in this call's tier.
struct Step {
    base: u64,
    now: u64,
}

// === impl Step ===

impl Step {
    fn new(base: u64, above: Option<u64>) -> Self {
        Self { base, now: above.unwrap_or(base) }
    }

    /// A part's price, raised as this one is.
    fn carry(&self, part: u64) -> u64 {
        if self.base == 0 || self.base == self.now {
            return part;
        }
        let base = u128::from(self.base);
        let raised = (u128::from(part) * u128::from(self.now) + base / 2) / base;
        u64::try_from(raised).unwrap_or(u64::MAX)
    }
}

/// The most that one of these prices makes of `usage`, for a call whose target is not yet
/// decided. What is not priced adds nothing; `None`: none of them is.
pub fn dearest(prices: impl IntoIterator<Item = Option<Price>>, usage: &Usage) -> Option<u64> {
    prices.into_iter().flatten().filter_map(|price| price.cost(usage)).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn usage(input: u64, output: u64) -> Usage {
        Usage { input, output, ..Default::default() }
    }

    /// Claude Sonnet 4.5's, USD per million: 3, 15, 0.3, 3.75, 6, above 200k 6, 22.5.
    const SONNET: Price = Price {
        input: 3_000_000,
        output: Some(15_000_000),
        cache_read: Some(300_000),
        cache_write: Some(3_750_000),
        cache_write_1h: Some(6_000_000),
        input_above_200k: Some(6_000_000),
        output_above_200k: Some(22_500_000),
        reasoning: None,
    };

    #[test]
    fn reads_and_writes_money() {
        for (text, pico) in [
            ("0", 0),
            ("1.25", 1_250_000),
            ("0.000001", 1),
            ("29.99997", 29_999_970),
            ("7.", 7_000_000),
        ] {
            assert_eq!(parse(text), Some(pico), "{text}");
        }
        for bad in [
            "",
            ".",
            ".5",
            "-1",
            "+1",
            "1e3",
            "0.0000001",
            "1,5",
            " 1",
            "1 ",
            "99999999999999999999",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
        assert_eq!(per_million(29_999_970), "29.99997");
        assert_eq!(
            [0, 1, 1_000_000_000, 12_340_000_000].map(usd),
            ["0", "0.000000001", "1", "12.34"]
        );
    }

    #[test]
    fn charges_each_kind_at_its_price() {
        let mut u = usage(10_000, 1_000);
        assert_eq!(SONNET.cost(&u), Some(45_000_000));
        u.cached_input = 6_000;
        u.cache_write = 3_000;
        u.cache_write_1h = 1_000;
        // 1000 x 3 + 6000 x 0.3 + 2000 x 3.75 + 1000 x 6 + 1000 x 15, micro-dollars.
        assert_eq!(SONNET.cost(&u), Some(33_300_000));
        let apart = Price { reasoning: Some(1_000_000), ..SONNET };
        u.reasoning = 400;
        assert_eq!(SONNET.cost(&u), Some(33_300_000));
        assert_eq!(apart.cost(&u), Some(33_300_000 - 400 * 14_000));
        assert_eq!(SONNET.cost(&Usage::default()), Some(0));
    }

    #[test]
    fn what_is_not_listed_costs_as_what_it_is_part_of() {
        let mut u = usage(1_000, 0);
        let plain = Price { input: 2_000_000, ..Default::default() };
        u.cached_input = 300;
        u.cache_write = 300;
        u.cache_write_1h = 100;
        assert_eq!(plain.cost(&u), Some(2_000_000));
        let write = Price { cache_write: Some(4_000_000), ..plain };
        assert_eq!(write.cost(&u), Some(2_600_000));
        u.output = 1;
        assert_eq!(plain.cost(&u), None, "output without a price is unpriced, not free");
    }

    #[test]
    fn the_long_tier_holds_for_the_whole_call() {
        assert_eq!(SONNET.cost(&usage(200_000, 1_000)), Some(615_000_000));
        assert_eq!(SONNET.cost(&usage(200_001, 1_000)), Some(1_222_506_000));
        let mut u = usage(300_000, 0);
        u.cached_input = 300_000;
        assert_eq!(SONNET.cost(&u), Some(180_000_000), "a cached token at twice its price");
        let flat = Price { input_above_200k: None, output_above_200k: None, ..SONNET };
        assert_eq!(flat.cost(&usage(300_000, 0)), Some(900_000_000));
        let free = Price { input: 0, cache_read: Some(1_000), ..SONNET };
        assert_eq!(free.cost(&u), Some(300_000), "nothing to be in proportion to");
    }

    #[test]
    fn rounds_once_and_half_up() {
        let price = Price { input: 499, output: Some(1), ..Default::default() };
        assert_eq!(price.cost(&usage(1, 0)), Some(0));
        assert_eq!(price.cost(&usage(1, 1)), Some(1));
        assert_eq!(price.cost(&usage(1_000_000, 0)), Some(499_000));
        let absurd = Price { input: u64::MAX, output: Some(u64::MAX), ..Default::default() };
        assert_eq!(absurd.cost(&usage(u64::MAX, u64::MAX)), Some(u64::MAX));
    }

    #[test]
    fn the_dearest_of_a_plan_is_what_it_may_cost() {
        let cheap = Price { input: 1_000_000, output: Some(1_000_000), ..Default::default() };
        let slow = Price { output: Some(30_000_000), ..cheap };
        let prices = [Some(cheap), None, Some(SONNET), Some(slow)];
        assert_eq!(dearest(prices, &usage(1_000, 0)), Some(3_000_000));
        assert_eq!(dearest(prices, &usage(0, 1_000)), Some(30_000_000));
        assert_eq!(dearest([None, None], &usage(1, 1)), None);
        assert_eq!(dearest([], &usage(1, 1)), None);
        let input_only = Price { output: None, ..SONNET };
        assert_eq!(dearest([Some(input_only), Some(cheap)], &usage(0, 1_000)), Some(1_000_000));
    }

    /// Tokens that are nobody else's part: fresh, cached, written for five minutes and for
    /// an hour, answered and thought.
    fn apart([fresh, cached, five, hour, said, thought]: [u64; 6]) -> Usage {
        Usage {
            input: fresh + cached + five + hour,
            output: said + thought,
            cached_input: cached,
            cache_write: five + hour,
            cache_write_1h: hour,
            reasoning: thought,
            ..Default::default()
        }
    }

    proptest! {
        #[test]
        fn more_of_any_kind_costs_no_less(
            kinds in prop::array::uniform6(0u64..300_000), which in 0usize..6, more in 0u64..300_000,
        ) {
            let thinking = Price { reasoning: Some(7_500_000), ..SONNET };
            let mut raised = kinds;
            raised[which] += more;
            let costs = [kinds, raised].map(|kinds| thinking.cost(&apart(kinds)).unwrap());
            prop_assert!(costs[0] <= costs[1], "{costs:?}");
        }

        /// Below the long tier: a call in two is charged as one, but for rounding.
        #[test]
        fn calls_add_up(
            one in prop::array::uniform6(0u64..20_000), two in prop::array::uniform6(0u64..20_000),
            odd in prop::array::uniform6(1u64..2_000),
        ) {
            let price = Price {
                input: odd[0],
                output: Some(odd[1]),
                cache_read: Some(odd[2]),
                cache_write: Some(odd[3]),
                cache_write_1h: Some(odd[4]),
                reasoning: Some(odd[5]),
                ..Default::default()
            };
            let sum = std::array::from_fn(|i| one[i] + two[i]);
            let [a, b, both] = [one, two, sum].map(|kinds| price.cost(&apart(kinds)).unwrap());
            prop_assert!(both.abs_diff(a + b) <= 1, "{a} + {b} is not {both}");
        }

        /// However a provider splits its counts, parts cost neither more than the
        /// dearest kind nor less than the cheapest.
        #[test]
        fn bounded_by_the_dearest_and_the_cheapest(
            input in 0u64..1_000_000, output in 0u64..1_000_000,
            cached_input in 0u64..2_000_000, cache_write in 0u64..2_000_000,
            cache_write_1h in 0u64..2_000_000, reasoning in 0u64..2_000_000,
        ) {
            let u = Usage { input, output, cached_input, cache_write, cache_write_1h, reasoning, ..Default::default() };
            let cost = u128::from(SONNET.cost(&u).unwrap());
            let sum = |i: u128, o: u128| (u128::from(input) * i + u128::from(output) * o) / 1_000;
            prop_assert!(sum(300_000, 15_000_000) <= cost && cost <= sum(12_000_000, 22_500_000) + 1);
        }

        #[test]
        fn text_and_number_agree(pico in any::<u32>()) {
            prop_assert_eq!(parse(&per_million(u64::from(pico))), Some(u64::from(pico)));
        }
    }
}
