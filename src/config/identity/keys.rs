//! Keys by their digests.
//!
//! Keys are of high entropy (`sluice key new`: 256 bits), so a fast hash is enough: nobody
//! guesses one from its digest. A salt makes digests differ between gateways; a pepper
//! (HMAC, RFC 2104) makes those in a file worth nothing without the secret. Its inner and
//! outer states are made once, so a call pays two compressions.
//!
//! A digest is found by its first eight bytes and then compared as a whole, in constant
//! time; one that nobody has is compared with somebody's, for the same work. 100,000 keys
//! take 5 MB (`tests/keys_many.rs`). <https://www.rfc-editor.org/rfc/rfc2104>

use hashbrown::HashTable;
use hmac::{Hmac, Mac};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::rc::Rc;
use subtle::ConstantTimeEq;

pub type Digest = [u8; 32];

#[derive(Default)]
pub struct Keys {
    pub digester: Digester,
    /// In the order of the configuration.
    listed: Vec<Listed>,
    /// Into `listed`.
    index: HashTable<u32>,
    terms: Vec<Terms>,
    /// Some terms have times.
    timed: bool,
}

/// How a key becomes its digest.
#[derive(Clone, Default)]
pub enum Digester {
    #[default]
    Plain,
    /// Has taken the salt.
    Salted(Sha256),
    /// Has taken the pepper.
    Peppered(Hmac<Sha256>),
}

struct Listed {
    digest: Digest,
    /// Of `Config::consumers`.
    consumer: u32,
    /// Of `Keys::terms`; `NONE`: it is good for ever.
    terms: u32,
}

/// What else is said of a key.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Terms {
    pub name: Option<Rc<str>>,
    /// Unix nanoseconds: good from then on.
    pub not_before: Option<u64>,
    /// Good until then.
    pub expires: Option<u64>,
    pub disabled: bool,
}

/// Whose key that is.
pub struct Found<'a> {
    /// Of `Config::consumers`.
    pub consumer: usize,
    pub digest: &'a Digest,
    pub terms: Option<&'a Terms>,
}

/// Longer ones are no keys, and are not hashed.
pub const MAX_KEY: usize = 4096;
/// Of all consumers.
pub const MAX_KEYS: usize = 250_000;
const NONE: u32 = u32::MAX;

// === impl Keys ===

impl Keys {
    pub fn with_room(digester: Digester, n: usize) -> Self {
        let (listed, index) = (Vec::with_capacity(n), HashTable::with_capacity(n));
        Self { digester, listed, index, terms: Vec::new(), timed: false }
    }

    pub fn len(&self) -> usize {
        self.listed.len()
    }

    pub fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }

    /// The clock decides on some of them.
    pub fn timed(&self) -> bool {
        self.timed
    }

    /// False where it is somebody's already, or one too many.
    pub fn add(&mut self, digest: Digest, consumer: usize, terms: Terms) -> bool {
        let (Ok(at), Ok(consumer)) = (u32::try_from(self.len()), u32::try_from(consumer)) else {
            return false;
        };
        if self.len() >= MAX_KEYS || self.place(&digest).is_some() {
            return false;
        }
        let mut listed = Listed { digest, consumer, terms: NONE };
        if terms != Terms::default() {
            listed.terms = u32::try_from(self.terms.len()).unwrap_or(NONE);
            self.timed |= terms.not_before.or(terms.expires).is_some();
            self.terms.push(terms);
        }
        self.listed.push(listed);
        let digests = &self.listed;
        self.index.insert_unique(part(&digest), at, |at| {
            digests.get(*at as usize).map_or(0, |listed| part(&listed.digest))
        });
        true
    }

    pub fn holds(&self, digest: &Digest) -> bool {
        self.place(digest).is_some()
    }

    /// Whose key this is, be it good now or not.
    pub fn find(&self, key: &[u8]) -> Option<Found<'_>> {
        if key.is_empty() || key.len() > MAX_KEY {
            return None;
        }
        let listed = self.listed.get(self.place(&self.digester.digest(key))?)?;
        Some(Found {
            consumer: listed.consumer as usize,
            digest: &listed.digest,
            terms: self.terms.get(listed.terms as usize),
        })
    }

    /// Each of them, in the order of the configuration.
    pub fn iter(&self) -> impl Iterator<Item = Found<'_>> {
        self.listed.iter().map(|listed| Found {
            consumer: listed.consumer as usize,
            digest: &listed.digest,
            terms: self.terms.get(listed.terms as usize),
        })
    }

    fn place(&self, digest: &Digest) -> Option<usize> {
        let wanted = part(digest);
        let same = |at: usize| {
            self.listed.get(at).is_some_and(|listed| listed.digest.ct_eq(digest).into())
        };
        let mut found = None;
        let mut compared = false;
        for at in self.index.iter_hash(wanted) {
            let at = *at as usize;
            compared = true;
            if same(at) {
                found = Some(at);
            }
        }
        if !compared && !self.listed.is_empty() {
            // Of 64 bits the lower ones choose anybody.
            let anybody = (wanted as u32 as usize) % self.listed.len();
            std::hint::black_box(same(anybody));
        }
        found
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.len())
    }
}

// === impl Digester ===

impl Digester {
    pub fn salted(salt: &str) -> Self {
        Self::Salted(Sha256::new_with_prefix(salt))
    }

    /// `None` for no pepper at all.
    pub fn peppered(pepper: &str) -> Option<Self> {
        let pepper = (!pepper.is_empty()).then_some(pepper)?;
        Hmac::new_from_slice(pepper.as_bytes()).ok().map(Self::Peppered)
    }

    pub fn digest(&self, key: &[u8]) -> Digest {
        match self {
            Self::Plain => Sha256::digest(key).into(),
            Self::Salted(begun) => begun.clone().chain_update(key).finalize().into(),
            Self::Peppered(begun) => begun.clone().chain_update(key).finalize().into_bytes().into(),
        }
    }
}

// === impl Terms ===

impl Terms {
    pub fn timed(&self) -> bool {
        self.not_before.or(self.expires).is_some()
    }

    /// `now`: Unix nanoseconds, asked only where it decides.
    pub fn good(&self, now: impl FnOnce() -> u64) -> bool {
        let in_time = |now: u64| {
            self.not_before.is_none_or(|from| from <= now) && self.expires.is_none_or(|to| now < to)
        };
        (!self.timed() || in_time(now())) & !self.disabled
    }
}

/// Digests are as good as random: eight bytes of one are a hash.
fn part(digest: &Digest) -> u64 {
    digest.first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
}

/// As 64 hexadecimal digits.
pub fn parse(hex: &str) -> Option<Digest> {
    let bytes = hex.as_bytes();
    if bytes.len() != 64 {
        return None;
    }
    let mut out = [0u8; 32];
    for (byte, pair) in out.iter_mut().zip(bytes.chunks(2)) {
        let mut value = 0;
        for c in pair {
            value = value * 16 + char::from(*c).to_digit(16)?;
        }
        *byte = u8::try_from(value).ok()?;
    }
    Some(out)
}

/// The digest's first bytes, in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |n: u8| char::from_digit(u32::from(n), 16).unwrap_or('0');
    let mut out = String::with_capacity(2 * bytes.len());
    out.extend(bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_what_the_standards_say() {
        let of = |d: &Digester, key: &[u8]| hex(&d.digest(key));
        // FIPS 180-4's example, and RFC 4231's second.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(of(&Digester::Plain, b"abc"), abc);
        assert_eq!(of(&Digester::salted("ab"), b"c"), abc);
        assert_eq!(
            of(&Digester::peppered("Jefe").unwrap(), b"what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert!(Digester::peppered("").is_none());
        assert_eq!(parse(abc).map(|d| hex(&d)), Some(abc.to_owned()));
        for bad in ["", "0", &abc[1..], &abc.replace('b', "g"), &format!("{abc}0")] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn finds_each_and_nobody_else() {
        let mut keys = Keys::default();
        assert!(keys.find(b"k1").is_none());
        for n in 0..1000 {
            let key = format!("k{n}");
            assert!(keys.add(Digester::Plain.digest(key.as_bytes()), n, Terms::default()));
        }
        assert!(!keys.add(Digester::Plain.digest(b"k7"), 8, Terms::default()), "k7 is taken");
        for n in 0..1000 {
            assert_eq!(keys.find(format!("k{n}").as_bytes()).unwrap().consumer, n);
        }
        let long = vec![b'k'; 1 << 20];
        for other in [&b"k1000"[..], b"", b"k1\n", b"K1", b"\xff\xfe", &long] {
            assert!(keys.find(other).is_none());
        }
    }

    #[test]
    fn digests_that_begin_alike_are_told_apart() {
        let mut keys = Keys::default();
        for n in 0..4u8 {
            let mut digest = [9; 32];
            digest[31] = n;
            assert!(keys.add(digest, usize::from(n), Terms::default()));
        }
        for n in 0..4u8 {
            let mut digest = [9; 32];
            digest[31] = n;
            assert_eq!(keys.place(&digest), Some(usize::from(n)));
        }
        assert_eq!(keys.place(&[9; 32]), None);
    }

    #[test]
    fn terms_begin_and_end() {
        let terms = |not_before, expires| Terms { not_before, expires, ..Terms::default() };
        for (terms, now, good) in [
            (terms(Some(10), None), 9, false),
            (terms(Some(10), None), 10, true),
            (terms(None, Some(20)), 19, true),
            (terms(None, Some(20)), 20, false),
            (terms(Some(10), Some(20)), 15, true),
            (Terms { disabled: true, ..terms(Some(10), Some(20)) }, 15, false),
        ] {
            assert_eq!(terms.good(|| now), good, "{terms:?} at {now}");
        }
        let mut asked = false;
        let now = || {
            asked = true;
            0
        };
        assert!(Terms::default().good(now) && !asked, "nobody needs the time");
    }
}
