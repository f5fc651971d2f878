//! What pictures and files come to, by the formulas their models' makers publish.
//!
//! - Anthropic: a token for each patch of 28 x 28 pixels, scaled down first to 1,568 pixels
//!   at the longer edge and 1,568 tokens (2,576 and 4,784 where the model sees finely):
//!   <https://platform.claude.com/docs/en/build-with-claude/vision>
//! - OpenAI: either tiles of 512 pixels, after scaling into 2,048 x 2,048 and down to 768 at
//!   the shorter edge, and a base; or patches of 32 pixels, 1,536 at most, times a number of
//!   the model's: <https://developers.openai.com/api/docs/guides/images-vision>
//! - Google: 258 for what fits into 384 x 384, else 258 for each tile; from Gemini 3 on
//!   1,120 a picture, 560 a page: <https://ai.google.dev/gemini-api/docs/tokens>,
//!   <https://ai.google.dev/gemini-api/docs/media-resolution>
//! - Others: width x height / 750, 1,600 at most.
//!
//! The size is read from the head of the picture, a few bytes at a time, wherever in the
//! base64 they stand. What cannot be known (an address, a format that is none of the four)
//! is `unknown`: 1,600 tokens, or as much as the maker asks at most. Pages of a PDF are
//! counted by its bytes. Must not: decode a picture, allocate, or believe a size of
//! nothing.

use crate::dialect::Maker;

/// How a model's maker counts pictures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sight {
    /// Most pixels of the longer edge, most tokens.
    Patches28(u32, u32),
    /// The base, and each tile.
    Tiles512(u32, u32),
    /// Tokens of a patch.
    Patches32(f32),
    /// Gemini before 3.
    Tiles768,
    /// Whatever the size: a picture, a page.
    Fixed(u32, u32),
    Pixels,
}

/// Where nothing is known.
const UNKNOWN: u32 = 1_600;
/// Of a PDF's page: its text, and where its maker looks at it, its picture.
const PAGE: u32 = 2_000;
/// What a page of a PDF takes, with what stands between pages.
const BYTES_OF_A_PAGE: u64 = 40_000;
/// Longest edge that is believed.
const MAX_EDGE: u32 = 65_535;
/// Most segments of a JPEG that are looked at.
const MAX_SEGMENTS: usize = 64;

// === impl Sight ===

impl Sight {
    /// Of a model that its provider calls `model`.
    pub fn of(maker: Maker, model: &str) -> Self {
        let has = |part: &str| model.contains(part);
        match maker {
            Maker::Anthropic if has("opus-4-7") => Self::Patches28(2_576, 4_784),
            Maker::Anthropic => Self::Patches28(1_568, 1_568),
            Maker::Google if has("gemini-3") || has("gemini-4") => Self::Fixed(1_120, 560),
            Maker::Google => Self::Tiles768,
            Maker::OpenAi if has("4o-mini") => Self::Tiles512(2_833, 5_667),
            Maker::OpenAi if has("o4-mini") => Self::Patches32(1.72),
            Maker::OpenAi if has("-nano") => Self::Patches32(2.46),
            Maker::OpenAi if has("-mini") => Self::Patches32(1.62),
            Maker::OpenAi if has("gpt-5") => Self::Tiles512(70, 140),
            Maker::OpenAi if has("o1") || has("o3") => Self::Tiles512(75, 150),
            Maker::OpenAi => Self::Tiles512(85, 170),
            _ => Self::Pixels,
        }
    }

    /// Of a picture of this size.
    pub fn tokens(self, size: Option<(u32, u32)>, low: bool) -> u32 {
        let Some((width, height)) = size else { return self.unknown(low) };
        let (w, h) = (width.clamp(1, MAX_EDGE), height.clamp(1, MAX_EDGE));
        let (long, short) = (w.max(h) as f32, w.min(h) as f32);
        match self {
            Self::Tiles512(base, _) if low => base,
            Self::Tiles512(base, tile) => {
                let fit = (2_048.0 / long).min(1.0);
                let scale = fit * (768.0 / (short * fit)).min(1.0);
                base + tile * patches(long * scale, short * scale, 512.0)
            }
            Self::Patches32(factor) => {
                let scale = if low { (512.0 / long).min(1.0) } else { 1.0 };
                let all = patches(long * scale, short * scale, 32.0).min(1_536);
                (all as f32 * factor).ceil() as u32
            }
            Self::Patches28(edge, most) => {
                let scale = (edge as f32 / long).min(1.0);
                patches(long * scale, short * scale, 28.0).min(most)
            }
            Self::Tiles768 if long <= 384.0 => 258,
            Self::Tiles768 => 258 * patches(long, short, (short / 1.5).clamp(256.0, 768.0)),
            Self::Fixed(picture, _) => picture,
            Self::Pixels => (w.saturating_mul(h) / 750).clamp(1, UNKNOWN),
        }
    }

    /// Of one whose size cannot be known.
    fn unknown(self, low: bool) -> u32 {
        match self {
            Self::Tiles512(base, tile) => {
                if low {
                    base
                } else {
                    base + 4 * tile
                }
            }
            Self::Patches32(_) if low => self.tokens(Some((512, 512)), true),
            Self::Fixed(picture, _) => picture,
            _ => UNKNOWN,
        }
    }

    /// Of a file of so many bytes, by its head.
    pub fn file(self, head: &[u8], bytes: u64) -> u64 {
        if !head.starts_with(b"JVBERi") {
            return bytes / 4;
        }
        let page = match self {
            Self::Fixed(_, page) => page,
            Self::Tiles768 => 258,
            _ => PAGE,
        };
        bytes.div_ceil(BYTES_OF_A_PAGE) * u64::from(page)
    }
}

fn patches(w: f32, h: f32, edge: f32) -> u32 {
    // A scaled edge may come out as 768.00006.
    let n = |length: f32| ((length - 0.01) / edge).ceil().max(1.0) as u32;
    n(w).saturating_mul(n(h))
}

/// Base64 of a picture, of a format that is read here?
pub fn is_picture(base64: &[u8]) -> bool {
    [&b"iVBORw0KGgo"[..], b"/9j/", b"R0lGOD", b"UklGR"].iter().any(|m| base64.starts_with(m))
}

/// Width and height of a picture in base64.
pub fn size(base64: &[u8]) -> Option<(u32, u32)> {
    let byte = |at: usize| byte(base64, at).map(u32::from);
    let big = |at: usize| Some(byte(at)? << 8 | byte(at + 1)?);
    let little = |at: usize| Some(byte(at + 1)? << 8 | byte(at)?);
    let (w, h) = match byte(0)? {
        // PNG: <https://www.w3.org/TR/png/#11IHDR>
        0x89 => (big(16)? << 16 | big(18)?, big(20)? << 16 | big(22)?),
        // GIF: <https://www.w3.org/Graphics/GIF/spec-gif89a.txt>
        0x47 => (little(6)?, little(8)?),
        // WebP: <https://developers.google.com/speed/webp/docs/riff_container>
        0x52 => match byte(15)? as u8 {
            b' ' => (little(26)? & 0x3FFF, little(28)? & 0x3FFF),
            b'L' => {
                let bits = little(21)? | little(23)? << 16;
                ((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
            }
            b'X' => ((little(24)? | byte(26)? << 16) + 1, (little(27)? | byte(29)? << 16) + 1),
            _ => return None,
        },
        // JPEG: <https://www.w3.org/Graphics/JPEG/itu-t81.pdf>, B.1 and B.2
        0xFF => {
            let mut at = 2;
            let mut frame = None;
            for _ in 0..MAX_SEGMENTS {
                match byte(at + 1)? {
                    // Filled.
                    0xFF => at += 1,
                    // SOF0 to SOF15, but for DHT, JPG and DAC.
                    0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                        frame = Some((big(at + 7)?, big(at + 5)?));
                        break;
                    }
                    _ => at += 2 + big(at + 2)? as usize,
                }
            }
            frame?
        }
        _ => return None,
    };
    Some((w, h)).filter(|(w, h)| *w > 0 && *h > 0)
}

/// The byte of what was encoded. `None`: past the end, or no base64.
fn byte(base64: &[u8], at: usize) -> Option<u8> {
    let quad = base64.get(at / 3 * 4..)?.first_chunk::<4>()?;
    let [a, b, c, d] = quad.map(|c| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => 255,
    });
    let (high, low, shift) = match at % 3 {
        0 => (a, b, 2),
        1 => (b, c, 4),
        _ => (c, d, 6),
    };
    if high > 63 || low > 63 {
        return None;
    }
    Some(high << shift | low >> (6 - shift))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(bytes: &[u8]) -> Vec<u8> {
        const ALPHABET: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let quad = |three: &[u8]| {
            let n =
                three.iter().fold(0_u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - three.len()));
            [18, 12, 6, 0].map(|shift| ALPHABET[(n >> shift & 63) as usize])
        };
        bytes.chunks(3).flat_map(quad).collect()
    }

    #[test]
    fn sizes_stand_in_the_head() {
        let png =
            [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", &[0, 0, 4, 0][..], &[0, 0, 3, 0], &[8, 6, 0, 0, 0]];
        assert_eq!(size(&encoded(&png.concat())), Some((1024, 768)));
        assert!(is_picture(&encoded(&png.concat())));
        let gif = [&b"GIF89a"[..], &[0x40, 1, 0xF0, 0], &[0; 9]].concat();
        assert_eq!(size(&encoded(&gif)), Some((320, 240)));
        let exif = [&[0xFF, 0xE1, 0x20, 0x02][..], &[0; 0x2000]].concat();
        let sof = [0xFF, 0xC2, 0, 17, 8, 0x04, 0x38, 0x07, 0x80, 3, 1, 0, 0, 0, 0, 0, 0, 0];
        let jpeg = [&[0xFF, 0xD8][..], &exif, &sof].concat();
        assert_eq!(size(&encoded(&jpeg)), Some((1920, 1080)));
        let webp = |kind: &[u8], rest: &[u8]| {
            let all = [b"RIFF\0\0\0\0WEBPVP8", kind, &[0; 4], rest, &[0; 8]].concat();
            assert!(is_picture(&encoded(&all)));
            size(&encoded(&all))
        };
        let lossy = [0, 0, 0, 0x9D, 1, 0x2A, 0x20, 3, 0x58, 2];
        assert_eq!(webp(b" ", &lossy), Some((800, 600)));
        let bits: u32 = 799 | 599 << 14;
        let lossless = [&[0x2F][..], &bits.to_le_bytes()].concat();
        assert_eq!(webp(b"L", &lossless), Some((800, 600)));
        assert_eq!(webp(b"X", &[0, 0, 0, 0, 0x1F, 3, 0, 0x57, 2, 0]), Some((800, 600)));
        for cut in 0..23 {
            assert_eq!(size(&encoded(&png.concat()[..cut])), None, "{cut}");
        }
        assert_eq!(size(b"/9j/////////"), None);
        assert_eq!(size("\u{1F600}".as_bytes()), None);
    }

    /// The examples of the makers' pages.
    #[test]
    fn makers_count_as_they_say() {
        let tiles = Sight::of(Maker::OpenAi, "gpt-4o");
        assert_eq!(tiles.tokens(Some((1024, 1024)), false), 765);
        assert_eq!(tiles.tokens(Some((2048, 4096)), false), 1105);
        assert_eq!(tiles.tokens(Some((4096, 8192)), true), 85);
        let patches = Sight::of(Maker::OpenAi, "gpt-4.1-mini");
        assert_eq!(patches.tokens(Some((1024, 1024)), false), 1659);
        assert_eq!(patches.tokens(Some((4000, 1474)), false), 2489);
        let claude = Sight::of(Maker::Anthropic, "claude-haiku-4-5");
        assert_eq!(claude.tokens(Some((200, 200)), false), 64);
        assert_eq!(claude.tokens(Some((6000, 4000)), false), 1_568);
        let gemini = Sight::of(Maker::Google, "gemini-2.5-flash");
        assert_eq!(gemini.tokens(Some((384, 200)), false), 258);
        assert_eq!(gemini.tokens(Some((960, 540)), false), 258 * 6);
        assert_eq!(Sight::of(Maker::Google, "gemini-3-pro").tokens(None, false), 1_120);
        assert_eq!(Sight::of(Maker::Other, "llava").tokens(Some((u32::MAX, 7)), false), 611);
        assert_eq!(claude.file(b"JVBERi0xLjc", 80_001), 3 * 2_000);
    }
}
