//! Every way of telling time, and what is left.

use super::*;

const NOW: u64 = 1_700_000_000_000_000_000;
const S: u64 = 1_000_000_000;

fn told(headers: &[(&'static str, &'static str)]) -> (Option<u64>, Option<u64>) {
    let header = |name: &str| headers.iter().find(|(n, _)| *n == name).map(|(_, v)| *v);
    let since = |t: Option<u64>| t.map(|t| (t - NOW) / 1_000_000);
    (since(retry_at(&header, NOW)), since(spent_until(&header, NOW)))
}

#[test]
fn reads_every_way_of_telling_time() {
    for (headers, retry) in [
        (&[("retry-after", "3")][..], Some(3000)),
        (&[("retry-after", "0.25")], Some(250)),
        (&[("retry-after-ms", "1500"), ("retry-after", "9")], Some(1500)),
        (&[("retry-after", "Tue, 14 Nov 2023 22:13:50 GMT")], Some(30_000)),
        (&[("retry-after", "-1")], None),
        (&[("retry-after", "soon")], None),
        (&[("retry-after", "nan")], None),
        (
            &[("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "6m0s")],
            Some(360_000),
        ),
        (
            &[("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "7.66s")],
            Some(7660),
        ),
        (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1700000010000")], Some(10_000)),
        (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1700000020")], Some(20_000)),
        (
            &[
                ("anthropic-ratelimit-requests-remaining", "0"),
                ("anthropic-ratelimit-requests-reset", "2023-11-14T22:13:45Z"),
            ],
            Some(25_000),
        ),
        (&[("x-ratelimit-remaining-requests", "1"), ("x-ratelimit-reset-requests", "9s")], None),
    ] {
        assert_eq!(told(headers).0, retry, "{headers:?}");
    }
}

#[test]
fn the_longest_of_the_spent_budgets_counts() {
    let both = [
        ("x-ratelimit-remaining-requests", "0"),
        ("x-ratelimit-reset-requests", "120ms"),
        ("x-ratelimit-remaining-tokens", "0"),
        ("x-ratelimit-reset-tokens", "1s"),
    ];
    assert_eq!(told(&both).1, Some(1000));
    assert_eq!(told(&[("x-ratelimit-remaining-requests", "0")]).1, None);
    assert_eq!(duration("1h2m3.5s"), Some(3_723 * S + S / 2));
    for bad in ["", "s", "5", "5x", "m5", "1.2.3s"] {
        assert_eq!(duration(bad), None, "{bad}");
    }
}

/// How much is left, and how far apart calls of 100 tokens are: milliseconds.
fn paced(headers: &[(&'static str, &'static str)], below: u32) -> (Left, Option<(u64, u64)>) {
    let owned: Vec<_> =
        headers.iter().map(|(n, v)| ((*n).to_owned(), v.as_bytes().to_vec())).collect();
    let header = |name: &str| headers.iter().find(|(n, _)| *n == name).map(|(_, v)| *v);
    let pace = pace(&header, NOW, below, 100);
    (left(&owned, below), pace.map(|(every, t)| (every / 1_000_000, (t - NOW) / 1_000_000)))
}

#[test]
fn what_is_left_is_made_to_last() {
    const RR: &str = "x-ratelimit-remaining-requests";
    const LR: &str = "x-ratelimit-limit-requests";
    const TR: &str = "x-ratelimit-reset-requests";
    const RT: &str = "anthropic-ratelimit-input-tokens-remaining";
    const LT: &str = "anthropic-ratelimit-input-tokens-limit";
    const TT: &str = "anthropic-ratelimit-input-tokens-reset";
    for (headers, below, wanted) in [
        (
            &[("content-type", "x"), ("x-ratelimit-reset-requests", "1s")][..],
            2,
            (Left::Untold, None),
        ),
        (&[(RR, "59"), (LR, "60"), (TR, "1s")], 2, (Left::Enough, None)),
        (&[(RR, "19"), (LR, "1000"), (TR, "19s")], 2, (Left::Low, Some((1000, 19_000)))),
        (&[(RR, "20"), (LR, "1000"), (TR, "19s")], 2, (Left::Enough, None)),
        (&[(RR, "1"), (LR, "1000"), (TR, "19s")], 0, (Left::Enough, None)),
        // Not further apart than this, and not at all where calls may be close.
        (&[(RR, "1"), (LR, "1000"), (TR, "6h")], 2, (Left::Low, Some((5000, 21_600_000)))),
        (&[(RR, "19"), (LR, "1000"), (TR, "120ms")], 2, (Left::Low, None)),
        (&[(RR, "19"), (LR, "1000")], 2, (Left::Low, None)),
        // No limit is told.
        (&[(RR, "2"), (TR, "4s")], 2, (Left::Low, Some((2000, 4000)))),
        (&[(RR, "3"), (TR, "4s")], 2, (Left::Enough, None)),
        // By the tokens that a call needs, and the budget of which least is left.
        (
            &[(RT, "1000"), (LT, "100000"), (TT, "2023-11-14T22:13:40Z"), (RR, "59"), (LR, "60")],
            2,
            (Left::Low, Some((2000, 20_000))),
        ),
        (
            &[(RT, "50"), (LT, "100000"), (TT, "2023-11-14T22:13:24Z")],
            2,
            (Left::Low, Some((4000, 4000))),
        ),
        (&[(RR, "0"), (LR, "60"), (TR, "1s"), (RT, "5"), (LT, "9")], 2, (Left::Spent, None)),
        (&[(RR, "some"), (LR, "60")], 2, (Left::Untold, None)),
    ] {
        assert_eq!(paced(headers, below), wanted, "{headers:?}");
    }
}
