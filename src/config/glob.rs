//! Model names with `*` for any run of characters.

/// Does `name` match `pattern`? Linear in practice: `*` backtracks to the last
/// star only.
pub fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(c) = name.get(n) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p + 1, n));
                p += 1;
            }
            Some(literal) if literal == c => {
                p += 1;
                n += 1;
            }
            _ => match star {
                Some((after, from)) => {
                    p = after;
                    n = from + 1;
                    star = Some((after, n));
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|c| *c == b'*')
}

/// Does `pattern` match every name that `other` matches? A star of `other` can
/// only be taken by a star of `pattern`, which is just what matching the text of
/// `other` asks for.
pub fn covers(pattern: &str, other: &str) -> bool {
    matches(pattern, other)
}

/// Can any name match both? Says no only where that is sure: by what stands before the
/// first star and behind the last.
pub fn may_meet(one: &str, other: &str) -> bool {
    match (one.contains('*'), other.contains('*')) {
        (_, false) => matches(one, other),
        (false, true) => matches(other, one),
        (true, true) => {
            let ends = |p: &str| {
                let first = p.split('*').next().unwrap_or_default().to_owned();
                (first, p.rsplit('*').next().unwrap_or_default().to_owned())
            };
            let ((a, y), (b, z)) = (ends(one), ends(other));
            (a.starts_with(&b) || b.starts_with(&a)) && (y.ends_with(&z) || z.ends_with(&y))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars() {
        for (pattern, name, want) in [
            ("gpt-*", "gpt-5", true),
            ("gpt-*", "gpt-", true),
            ("gpt-*", "xgpt-5", false),
            ("*", "", true),
            ("*mini*", "gpt-5-mini-2", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-b-b", false),
            ("exact", "exact", true),
            ("exact", "exactly", false),
        ] {
            assert_eq!(matches(pattern, name), want, "{pattern} {name}");
        }
        assert!(covers("gpt-*", "gpt-5*") && !covers("gpt-5*", "gpt-*"));
        for (one, other, want) in [
            ("gpt-*", "gpt-5*", true),
            ("gpt-*", "*-mini", true),
            ("gpt-*", "claude-*", false),
            ("*-mini", "gpt-*-nano", false),
            ("gpt-*", "claude", false),
            ("fast", "fa*", true),
        ] {
            assert!(may_meet(one, other) == want && may_meet(other, one) == want, "{one} {other}");
        }
    }
}
