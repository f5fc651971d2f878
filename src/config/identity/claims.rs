//! What consumers want of a token's claims, found by the rarest of them.
//!
//! Each consumer that wants some claim to be one very text stands under the rarest of those
//! texts, so that 100,000 of one issuer and as many subjects are a look-up; the others, at
//! most `MAX_PATTERNS`, are all looked at. Every claim is compared then.

use super::names::MAX_PATTERNS;
use hashbrown::HashMap;

#[derive(Debug, Default)]
pub struct Claims {
    pub wants: Vec<Wants>,
    /// For each claim that is looked up: its values, to places in `wants`.
    pub by: Vec<(Box<str>, Values)>,
    /// Places in `wants` of those that have nothing to be looked up by.
    pub others: Vec<u32>,
}

/// Texts of one claim, to places in `Claims::wants`.
type Values = HashMap<Box<str>, Vec<u32>>;

/// Of one consumer.
#[derive(Debug)]
pub struct Wants {
    /// Of `Config::consumers`.
    pub consumer: usize,
    /// Paths of claims, and the patterns of their values.
    pub claims: Box<[(Box<str>, Box<str>)]>,
    /// The claim that names each of them.
    pub name_from: Option<Box<str>>,
}

/// Most different claims that are looked up.
pub const MAX_LOOKED_UP: usize = 16;

// === impl Claims ===

impl Claims {
    /// False where there are too many that cannot be looked up.
    pub fn new(wants: Vec<Wants>) -> Option<Self> {
        let mut often: HashMap<(&str, &str), u32> = HashMap::new();
        for (path, text) in wants.iter().flat_map(Wants::texts) {
            *often.entry((path, text)).or_default() += 1;
        }
        let (mut by, mut others) = (Vec::new(), Vec::new());
        for (at, want) in (0..).zip(&wants) {
            match want.texts().min_by_key(|text| often.get(text)) {
                Some((path, text)) if enter(&mut by, path, text, at) => {}
                _ => others.push(at),
            }
        }
        drop(often);
        (others.len() <= MAX_PATTERNS).then_some(Self { wants, by, others })
    }
}

// === impl Wants ===

impl Wants {
    /// Claims that must be one very text.
    fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.claims.iter().map(|(path, pattern)| (&**path, &**pattern));
        all.filter(|(_, pattern)| !pattern.contains('*'))
    }
}

/// False where too many different claims are looked up already.
fn enter(by: &mut Vec<(Box<str>, Values)>, path: &str, text: &str, want: u32) -> bool {
    let known = by.iter().position(|(known, _)| **known == *path);
    let at = match known {
        Some(at) => at,
        None if by.len() >= MAX_LOOKED_UP => return false,
        None => {
            by.push((path.into(), HashMap::new()));
            by.len() - 1
        }
    };
    let Some((_, values)) = by.get_mut(at) else { return false };
    values.entry(text.into()).or_default().push(want);
    true
}
