//! What is asked of embeddings and ranks instead of a conversation, and the numbers
//! that answer: made of the text alone, so that a test knows them.

use std::hash::{DefaultHasher, Hash, Hasher};

/// A valid request for numbers, as far as the answer depends on it.
#[derive(Debug, Default)]
pub(super) struct Vectors {
    /// What is embedded or ranked.
    pub(super) texts: Vec<String>,
    /// Numbers in each vector.
    pub(super) dimensions: usize,
    /// Which forms of each vector are wanted, by the vendor's names.
    pub(super) types: Vec<String>,
    /// What texts are ranked by.
    pub(super) query: String,
    /// How many ranks are wanted.
    pub(super) top: usize,
}

/// Numbers that a 32-bit float holds exactly.
pub(super) fn vector(text: &str, dimensions: usize) -> Vec<f32> {
    let number = |at: usize| {
        let mut hasher = DefaultHasher::new();
        (text, at).hash(&mut hasher);
        f32::from((hasher.finish() % 257) as i16 - 128) / 128.0
    };
    (0..dimensions).map(number).collect()
}

/// As JSON numbers.
pub(super) fn floats(text: &str, dimensions: usize) -> String {
    let numbers: Vec<_> = vector(text, dimensions).iter().map(f32::to_string).collect();
    format!("[{}]", numbers.join(","))
}

/// As the little-endian floats' base64, quotes included.
pub(super) fn base64(text: &str, dimensions: usize) -> String {
    let bytes: Vec<u8> =
        vector(text, dimensions).iter().flat_map(|number| number.to_le_bytes()).collect();
    format!("\"{}\"", encode(&bytes))
}

/// Base64.
pub(super) fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits =
            (0..3).fold(0, |bits, i| (bits << 8) | chunk.get(i).map_or(0, |b| u32::from(*b)));
        for i in 0..4 {
            let six = (bits >> (18 - 6 * i)) & 63;
            out.push(if i > chunk.len() { '=' } else { char::from(ALPHABET[six as usize]) });
        }
    }
    out
}

/// How well a text answers the query: the share of its words that are in it.
fn relevance(query: &str, text: &str) -> f64 {
    let text = text.to_lowercase();
    let words: Vec<_> = query.split_whitespace().map(str::to_lowercase).collect();
    let hits = words.iter().filter(|word| text.contains(word.as_str())).count();
    (hits as f64 + 0.01) / (words.len() as f64 + 1.0)
}

/// The texts by how well they answer, best first: index and score, as many as wanted.
pub(super) fn ranks(asked: &Vectors) -> Vec<(usize, f64)> {
    let scores = asked.texts.iter().map(|text| relevance(&asked.query, text));
    let mut ranks: Vec<(usize, f64)> = scores.enumerate().collect();
    ranks.sort_by(|a, b| b.1.total_cmp(&a.1));
    ranks.truncate(asked.top);
    ranks
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_the_same_numbers() {
        assert_eq!(vector("x", 8), vector("x", 8));
        assert_ne!(vector("x", 8), vector("y", 8));
        assert!(vector("x", 1536).iter().all(|n| (-1.0..=1.0).contains(n)));
        // 1.0 and 0.0: 0000803f 00000000.
        assert_eq!(base64("x", 0), "\"\"");
        let long = base64("x", 2);
        assert_eq!(long.len(), 12 + 2);
        assert!(long.ends_with("=\"") && floats("x", 2).starts_with('['));
    }

    #[test]
    fn ranks_by_words() {
        assert!(relevance("capital of France", "Paris is the capital of France") > 0.7);
        assert!(relevance("capital of France", "bread") < 0.1);
    }
}
