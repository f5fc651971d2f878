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
    }
}
