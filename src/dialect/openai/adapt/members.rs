//! Changing an object's members in place: what stays keeps its bytes.

use crate::wire::json::{self, Member, Splice};

/// What becomes of one member.
#[derive(Debug, Clone, Default)]
pub(super) struct Change {
    pub(super) gone: bool,
    /// Another key.
    pub(super) name: Option<&'static str>,
    /// Another value, as JSON.
    pub(super) value: Option<Vec<u8>>,
}

/// Appends the splices for `changes`, one for each of the members of an object that
/// begins at `base`.
pub(super) fn splices(
    members: &[Member<'_>],
    changes: &[Change],
    base: usize,
    out: &mut Vec<Splice>,
) {
    let from = out.len();
    let entries: Vec<_> = members.iter().map(|m| m.name.start..m.value.end).collect();
    for cut in json::left_out(&entries, |i| changes.get(i).is_some_and(|c| c.gone)) {
        push(out, base, cut, Vec::new());
    }
    for (member, change) in members.iter().zip(changes).filter(|(_, change)| !change.gone) {
        if let Some(name) = change.name {
            push(out, base, member.name.clone(), format!("\"{name}\"").into_bytes());
        }
        if let Some(value) = &change.value {
            push(out, base, member.value.clone(), value.clone());
        }
    }
    if let Some(ours) = out.get_mut(from..) {
        ours.sort_by_key(|s| s.range.start);
    }
}

fn push(out: &mut Vec<Splice>, base: usize, range: std::ops::Range<usize>, with: Vec<u8>) {
    out.push(Splice { range: base + range.start..base + range.end, with });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_any_of_the_members_out() {
        let object = br#" { "a":1 , "b" : [2], "c":{} ,"d":"x" } "#;
        let members = json::members(object).unwrap();
        for bits in 0..16u32 {
            let changes: Vec<_> = (0..4)
                .map(|i| Change { gone: bits & (1 << i) != 0, ..Default::default() })
                .collect();
            let mut all = Vec::new();
            splices(&members, &changes, 0, &mut all);
            let left = json::splice(object, &all);
            let left: serde_json::Map<_, _> = serde_json::from_slice(&left)
                .unwrap_or_else(|e| panic!("{bits:04b}: {e}: {}", String::from_utf8_lossy(&left)));
            let want = ["a", "b", "c", "d"];
            let want = want.iter().enumerate().filter(|(i, _)| bits & (1 << i) == 0);
            assert!(left.keys().eq(want.map(|(_, name)| *name)), "{bits:04b}: {left:?}");
        }
    }

    #[test]
    fn renames_and_replaces() {
        let object = br#"{"a":1,"b":2}"#;
        let members = json::members(object).unwrap();
        let changes = [
            Change { name: Some("x"), value: Some(b"null".to_vec()), ..Default::default() },
            Change::default(),
        ];
        let mut all = Vec::new();
        splices(&members, &changes, 0, &mut all);
        assert_eq!(json::splice(object, &all), br#"{"x":null,"b":2}"#);
    }
}
