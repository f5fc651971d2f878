//! One pass over text: an automaton of bytes, and how often each of its states was
//! entered.
//!
//! Tokenizers cut text before they look anything up: words with the space before them,
//! numbers by three digits, runs of punctuation, white space. The states are what tells
//! those cuts and their lengths apart without knowing a vocabulary: how far into a word a
//! letter stands and what stood before it, case changes inside of words, runs of signs and
//! of spaces, each script by its lead bytes (bytes of a character count one by one), and
//! long runs of letters and digits that change so often that nobody would call them a word
//! (base64, hashes). So a byte costs two look-ups and an addition, whatever it is.
//! Rejected: a look at each character's class (`char::is_alphabetic`), five times the cost.
//!
//! Text is as it stands in JSON: `\n` is a line's end. `\u4e2d` is left to `text`.
//! Must not: decode, allocate, or fail: any bytes are text of some kind.
//!
//! The cuts: <https://github.com/openai/tiktoken/blob/main/tiktoken_ext/openai_public.py>

/// How often each state was entered, lane by lane: neighbours often enter the same.
pub struct Counts([[u32; STATES]; LANES]);

/// Where a text goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State(u8);

pub const STATES: usize = 256;
const CLASSES: usize = 32;
/// Lanes run over blocks of this size at once, each begins anew, so that none waits for
/// another: what takes time is that a state is known only after the one before it.
const LANE: usize = 256;
const LANES: usize = 4;
/// Shorter lanes would cut too many words: one runs alone.
const SHORT: usize = 96;

// Classes of bytes.
const LOWER: u8 = 0;
const UPPER: u8 = 1;
const DIGIT: u8 = 2;
const SPACE: u8 = 3;
const NEWLINE: u8 = 4;
const TAB: u8 = 5;
const PUNCT: u8 = 6;
const SIGN: u8 = 7;
/// `+` and `/`: signs that base64 has inside.
const JOIN: u8 = 8;
const BACKSLASH: u8 = 9;
const CONT: u8 = 10;
const CONT_80: u8 = 11;
const CONT_83: u8 = 12;
const LATIN: u8 = 13;
const GREEK: u8 = 14;
const CYRILLIC: u8 = 15;
const SEMITIC: u8 = 16;
const INDIC: u8 = 17;
const SYMBOL: u8 = 18;
const KANA: u8 = 19;
const HAN: u8 = 20;
const HANGUL: u8 = 21;
const EMOJI: u8 = 22;

// States. Of words: how far in, and how often the run they stand in has changed.
pub const START: u8 = 0;
pub const ESCAPE: u8 = 1;
pub const SPACE_1: u8 = 2;
pub const SPACE_2: u8 = 3;
pub const SPACE_N: u8 = 4;
pub const LINE_1: u8 = 5;
pub const LINE_N: u8 = 6;
pub const TAB_1: u8 = 7;
pub const INDENT_1: u8 = 8;
pub const INDENT_N: u8 = 9;
pub const PUNCT_1: u8 = 10;
pub const PUNCT_N: u8 = 11;
pub const SIGN_1: u8 = 12;
pub const SIGN_2: u8 = 13;
pub const SIGN_N: u8 = 14;
pub const BLOB: u8 = 15;
pub const BLOB_DIGIT: u8 = 16;
pub const BLOB_JOIN: u8 = 17;
pub const GREEK_1: u8 = 18;
pub const GREEK_N: u8 = 19;
pub const CYRILLIC_1: u8 = 20;
pub const CYRILLIC_N: u8 = 21;
pub const SEMITIC_1: u8 = 22;
pub const SEMITIC_N: u8 = 23;
pub const INDIC_1: u8 = 24;
pub const SYMBOL_1: u8 = 25;
pub const KANA_0: u8 = 26;
pub const HIRAGANA: u8 = 27;
pub const KATAKANA: u8 = 28;
pub const CJK_PUNCT: u8 = 29;
pub const HAN_1: u8 = 30;
pub const HANGUL_1: u8 = 31;
pub const HANGUL_N: u8 = 32;
pub const EMOJI_1: u8 = 33;
pub const HAN_N: u8 = 34;
/// The first letter of a word: behind a space, behind anything else, behind another
/// letter or a digit; in lower and upper case. For each count of changes.
const FIRST: u8 = 40;
const FIRSTS: u8 = 6;
/// Further lower-case letters, up to `LOWERS`; further upper-case ones, up to `UPPERS`.
const MORE: u8 = FIRST + FIRSTS * CHANGES;
const LOWERS: u8 = 12;
const MORE_UPPER: u8 = MORE + LOWERS * CHANGES;
const UPPERS: u8 = 4;
/// Letters with marks, by how far in.
const MARKED: u8 = MORE_UPPER + UPPERS * CHANGES;
/// Digits: the first behind a space, the first behind anything else, the second, the
/// third, the first of a further three.
const DIGITS: u8 = MARKED + LOWERS;
const DIGIT_KINDS: u8 = 5;
const END: u8 = DIGITS + DIGIT_KINDS * CHANGES;
/// So many changes make a blob.
const CHANGES: u8 = 6;

/// Of a byte: where the transitions of its class begin.
static ROW: [u16; 256] = rows();
/// By class and state.
static NEXT: [u8; STATES * CLASSES] = transitions();

/// What a state says of its text, whatever came before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// A state that is none of the others, as itself.
    Plain(u8),
    /// The first letter of a word, as in `FIRST`.
    First(u8),
    /// The so-manieth letter of a word, the first is 1.
    Lower(u8),
    Upper(u8),
    Marked(u8),
    /// As in `DIGITS`.
    Digit(u8),
    /// No state.
    Nothing,
}

pub const fn seen(state: u8) -> Seen {
    match state {
        START..FIRST => Seen::Plain(state),
        FIRST..MORE => Seen::First((state - FIRST) % FIRSTS),
        MORE..MORE_UPPER => Seen::Lower((state - MORE) % LOWERS + 2),
        MORE_UPPER..MARKED => Seen::Upper((state - MORE_UPPER) % UPPERS + 2),
        MARKED..DIGITS => Seen::Marked(state - MARKED + 1),
        DIGITS..END => Seen::Digit((state - DIGITS) % DIGIT_KINDS),
        END.. => Seen::Nothing,
    }
}

// === impl Counts ===

impl Counts {
    pub const NONE: Self = Self([[0; STATES]; LANES]);

    /// Of text that goes on from `state`.
    pub fn run(&mut self, text: &[u8], state: State) -> State {
        let mut state = state.0;
        let [one, two, three, four] = &mut self.0;
        for block in text.chunks(4 * LANE) {
            if block.len() < 4 * SHORT {
                block.iter().for_each(|byte| step(one, &mut state, *byte));
                continue;
            }
            let lane = block.len() / 4;
            let (left, right) = block.split_at(2 * lane);
            let ((a, b), (c, d)) = (left.split_at(lane), right.split_at(lane));
            let (mut second, mut third, mut fourth) = (START, START, START);
            for (((a, b), c), d) in a.iter().zip(b).zip(c).zip(d) {
                step(one, &mut state, *a);
                step(two, &mut second, *b);
                step(three, &mut third, *c);
                step(four, &mut fourth, *d);
            }
            for byte in d.iter().skip(lane) {
                step(four, &mut fourth, *byte);
            }
            state = fourth;
        }
        State(state)
    }

    /// How often each state was entered.
    pub fn sums(&self) -> [u32; STATES] {
        let [first, rest @ ..] = &self.0;
        let mut all = *first;
        for lane in rest {
            all.iter_mut().zip(lane).for_each(|(sum, n)| *sum = sum.wrapping_add(*n));
        }
        all
    }
}

#[allow(clippy::indexing_slicing, reason = "a byte is less than 256, a row 8192 long")]
fn step(counts: &mut [u32; STATES], state: &mut u8, byte: u8) {
    let at = ROW[byte as usize] as usize & (STATES * CLASSES - STATES) | *state as usize;
    *state = NEXT[at];
    let count = &mut counts[*state as usize];
    *count = count.wrapping_add(1);
}

// === impl State ===

impl State {
    pub const NEW: Self = Self(START);

    /// A backslash was the last byte.
    pub fn is_escape(self) -> bool {
        self.0 == ESCAPE
    }
}

#[allow(clippy::indexing_slicing, reason = "at compile time")]
const fn classes() -> [u8; 256] {
    let mut all = [SIGN; 256];
    let mut i = 0;
    while i < 256 {
        let byte = i as u8;
        all[i] = match byte {
            b'a'..=b'z' => LOWER,
            b'A'..=b'Z' => UPPER,
            b'0'..=b'9' => DIGIT,
            b' ' => SPACE,
            b'\n' | b'\r' => NEWLINE,
            b'\t' => TAB,
            b'.' | b',' | b';' | b':' | b'!' | b'?' | b'\'' | b'"' | b'-' => PUNCT,
            b'+' | b'/' => JOIN,
            b'\\' => BACKSLASH,
            0x80 => CONT_80,
            0x83 => CONT_83,
            0x81..=0xBF => CONT,
            0xC3..=0xCB => LATIN,
            0xCC..=0xCF => GREEK,
            0xD0..=0xD5 => CYRILLIC,
            0xD6..=0xDF => SEMITIC,
            0xE0 | 0xE1 => INDIC,
            0xC0..=0xC2 | 0xE2 | 0xEE | 0xEF => SYMBOL,
            0xE3 => KANA,
            0xE4..=0xE9 => HAN,
            0xEA..=0xED => HANGUL,
            0xF0.. => EMOJI,
            _ => SIGN,
        };
        i += 1;
    }
    all
}

#[allow(clippy::indexing_slicing, reason = "at compile time")]
const fn rows() -> [u16; 256] {
    let (classes, mut all) = (classes(), [0; 256]);
    let mut byte = 0;
    while byte < 256 {
        all[byte] = classes[byte] as u16 * STATES as u16;
        byte += 1;
    }
    all
}

#[allow(clippy::indexing_slicing, reason = "at compile time")]
const fn transitions() -> [u8; STATES * CLASSES] {
    let mut all = [START; STATES * CLASSES];
    let mut at = 0;
    while at < all.len() {
        all[at] = next((at % STATES) as u8, (at / STATES) as u8);
        at += 1;
    }
    all
}

/// How far into a word a state is, and the changes of its run; 0: in no word.
const fn word(state: u8) -> (u8, u8) {
    match state {
        FIRST..MORE => (1, (state - FIRST) / FIRSTS),
        MORE..MORE_UPPER => ((state - MORE) % LOWERS + 2, (state - MORE) / LOWERS),
        MORE_UPPER..MARKED => ((state - MORE_UPPER) % UPPERS + 2, (state - MORE_UPPER) / UPPERS),
        MARKED..DIGITS => (state - MARKED + 1, 0),
        _ => (0, 0),
    }
}

/// The last letter was a small one.
const fn is_lower(state: u8) -> bool {
    match seen(state) {
        Seen::First(kind) => kind < 3,
        Seen::Lower(_) => true,
        _ => false,
    }
}

const fn is_blob(state: u8) -> bool {
    matches!(state, BLOB | BLOB_DIGIT | BLOB_JOIN)
}

const fn next(state: u8, class: u8) -> u8 {
    if state == ESCAPE {
        return match class {
            // \n, \t, \r, \b, \f
            LOWER => LINE_1,
            BACKSLASH | SIGN | JOIN => SIGN_1,
            PUNCT => PUNCT_1,
            _ => next(START, class),
        };
    }
    match class {
        LOWER | UPPER => letter(state, class),
        DIGIT => digit(state),
        CONT | CONT_80 | CONT_83 => continued(state, class),
        LATIN => {
            let (at, _) = word(state);
            MARKED + if at < LOWERS { at } else { LOWERS - 1 }
        }
        SPACE => match state {
            LINE_1 | LINE_N | TAB_1 => INDENT_1,
            INDENT_1 | INDENT_N => INDENT_N,
            SPACE_1 => SPACE_2,
            SPACE_2 | SPACE_N => SPACE_N,
            _ => SPACE_1,
        },
        NEWLINE => match state {
            LINE_1 | LINE_N | INDENT_1 | INDENT_N => LINE_N,
            _ => LINE_1,
        },
        TAB => TAB_1,
        PUNCT => match state {
            PUNCT_1 | PUNCT_N | SIGN_1 | SIGN_2 | SIGN_N => PUNCT_N,
            _ => PUNCT_1,
        },
        JOIN if is_blob(state) => BLOB_JOIN,
        SIGN | JOIN => match state {
            SIGN_1 | PUNCT_1 | PUNCT_N => SIGN_2,
            SIGN_2 | SIGN_N => SIGN_N,
            _ => SIGN_1,
        },
        BACKSLASH => ESCAPE,
        GREEK => {
            if matches!(state, GREEK_1 | GREEK_N) {
                GREEK_N
            } else {
                GREEK_1
            }
        }
        CYRILLIC => {
            if matches!(state, CYRILLIC_1 | CYRILLIC_N) {
                CYRILLIC_N
            } else {
                CYRILLIC_1
            }
        }
        SEMITIC => {
            if matches!(state, SEMITIC_1 | SEMITIC_N) {
                SEMITIC_N
            } else {
                SEMITIC_1
            }
        }
        INDIC => INDIC_1,
        SYMBOL => SYMBOL_1,
        KANA => KANA_0,
        HAN => {
            if matches!(state, HAN_1 | HAN_N) {
                HAN_N
            } else {
                HAN_1
            }
        }
        HANGUL => {
            if matches!(state, HANGUL_1 | HANGUL_N) {
                HANGUL_N
            } else {
                HANGUL_1
            }
        }
        _ => EMOJI_1,
    }
}

const fn letter(state: u8, class: u8) -> u8 {
    if is_blob(state) {
        return BLOB;
    }
    let upper = class == UPPER;
    let (at, changes) = match seen(state) {
        Seen::Digit(_) => (0, (state - DIGITS) / DIGIT_KINDS),
        _ => word(state),
    };
    if upper && is_lower(state) {
        // A word inside of a word.
        return if changes + 1 == CHANGES { BLOB } else { FIRST + FIRSTS * (changes + 1) + 5 };
    }
    if at > 0 {
        return if upper {
            let at = if at > UPPERS { UPPERS } else { at };
            MORE_UPPER + UPPERS * changes + at - 1
        } else {
            let at = if at > LOWERS { LOWERS } else { at };
            MORE + LOWERS * changes + at - 1
        };
    }
    let behind = match seen(state) {
        Seen::Digit(_) => 2,
        Seen::Plain(SPACE_1 | SPACE_2 | SPACE_N | INDENT_1 | INDENT_N) => 0,
        _ => 1,
    };
    FIRST + FIRSTS * changes + behind + if upper { 3 } else { 0 }
}

const fn digit(state: u8) -> u8 {
    if is_blob(state) {
        return BLOB_DIGIT;
    }
    match seen(state) {
        Seen::Digit(kind) => {
            let row = state - kind;
            match kind {
                0 | 1 | 4 => row + 2,
                2 => row + 3,
                _ => row + 4,
            }
        }
        Seen::Plain(SPACE_1 | SPACE_2 | SPACE_N) => DIGITS,
        Seen::Plain(_) | Seen::Nothing => DIGITS + 1,
        _ => {
            let (_, changes) = word(state);
            if changes + 1 == CHANGES { BLOB } else { DIGITS + DIGIT_KINDS * (changes + 1) + 1 }
        }
    }
}

/// Further bytes of a character count as its first.
const fn continued(state: u8, class: u8) -> u8 {
    match state {
        KANA_0 => match class {
            CONT_80 => CJK_PUNCT,
            CONT_83 => KATAKANA,
            _ => HIRAGANA,
        },
        GREEK_1 => GREEK_N,
        CYRILLIC_1 => CYRILLIC_N,
        SEMITIC_1 => SEMITIC_N,
        HANGUL_1 => HANGUL_N,
        HAN_1 => HAN_N,
        _ => match seen(state) {
            Seen::Plain(GREEK_N..=EMOJI_1 | HAN_N) | Seen::Marked(_) => state,
            _ => SYMBOL_1,
        },
    }
}
