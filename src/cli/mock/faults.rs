//! What can go wrong on demand: the fault language and its parser.
//!
//! A spec is `key=value` or bare keys, separated by `;`, after a `!` in the
//! model's name or set by `PUT /mock/faults` for an exact model name. All keys
//! combine. This file only parses: `http` obeys what comes before the answer,
//! `script` what happens within it. An unknown key is an error, because a
//! mistyped fault is a test that passes for the wrong reason.

use hyper::header::HeaderValue;
use std::time::Duration;

/// One parsed spec.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Faults {
    pub(super) before: Before,
    pub(super) instead: Instead,
    pub(super) pace: Pace,
    pub(super) wire: Wire,
    pub(super) breaks: Vec<Break>,
    /// The stream's first event is an error.
    pub(super) error_first: bool,
    /// Overrides the machine-readable part of any error (`error.code`, `error.type`).
    pub(super) code: Option<String>,
    /// Answer with N words: `w0 w1 ...`.
    pub(super) tokens: Option<usize>,
    /// Answer with this text.
    pub(super) text: Option<String>,
    pub(super) no_done: bool,
    pub(super) no_usage: bool,
    pub(super) wrong_dialect: bool,
}

/// Before the response's headers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Before {
    pub(super) refuse: bool,
    pub(super) stall: bool,
    pub(super) delay: Duration,
    /// Bytes of one extra response header.
    pub(super) big_headers: usize,
    pub(super) retry_after: Option<HeaderValue>,
}

/// Something else than an answer. They combine: `status=502;html` is a proxy's page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Instead {
    pub(super) status: Option<u16>,
    pub(super) html: bool,
    pub(super) empty: bool,
    pub(super) no_content: bool,
}

/// How slowly the content comes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Pace {
    pub(super) first: Duration,
    pub(super) token: Duration,
}

/// How the bytes look: all of it legal, most of it rare.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wire {
    pub(super) gzip: bool,
    pub(super) crlf: bool,
    pub(super) no_space: bool,
    pub(super) comments: bool,
    pub(super) multiline: bool,
    /// Network pieces of this many bytes.
    pub(super) cut_bytes: Option<usize>,
}

/// The body goes wrong after so many content events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Break {
    pub(super) after: usize,
    pub(super) how: How,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// The connection dies.
    Cut,
    /// A clean end of the body, too early.
    End,
    /// An error event, then a clean end.
    Error,
    /// Nothing more, for ever.
    Stall,
    /// An event whose checksum is wrong, then a clean end; where events have none,
    /// only the end.
    BadCrc,
}

// === impl Faults ===

impl Faults {
    /// The faults after the `!` of a model's name.
    pub(super) fn in_model(model: &str) -> Result<Faults, String> {
        match model.split_once('!') {
            Some((_, spec)) => Faults::parse(spec),
            None => Ok(Faults::default()),
        }
    }

    pub(super) fn parse(spec: &str) -> Result<Faults, String> {
        let mut faults = Faults::default();
        for item in spec.split(';').map(str::trim).filter(|i| !i.is_empty()) {
            match item.split_once('=') {
                Some((key, value)) => faults.set(key.trim(), value)?,
                None => faults.flag(item)?,
            }
        }
        Ok(faults)
    }

    /// What happens after `sent` content events, if anything.
    pub(super) fn break_at(&self, sent: usize) -> Option<How> {
        self.breaks.iter().find(|b| b.after == sent).map(|b| b.how)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "status" => self.instead.status = Some(number(key, value, 200, 599)? as u16),
            "retry-after" => {
                let value = HeaderValue::from_str(value);
                self.before.retry_after = Some(value.map_err(|_| bad(key))?);
            }
            "code" => self.code = Some(value.to_owned()),
            "header-ms" => self.before.delay = millis(key, value)?,
            "first-ms" => self.pace.first = millis(key, value)?,
            "token-ms" => self.pace.token = millis(key, value)?,
            "tokens" => self.tokens = Some(number(key, value, 0, 1_000_000)? as usize),
            "text" => self.text = Some(percent_decode(value).ok_or_else(|| bad(key))?),
            "cut-after" => self.breaks.push(after(key, value, How::Cut)?),
            "end-after" => self.breaks.push(after(key, value, How::End)?),
            "error-after" => self.breaks.push(after(key, value, How::Error)?),
            "bad-crc-after" => self.breaks.push(after(key, value, How::BadCrc)?),
            "stall-after" => self.breaks.push(after(key, value, How::Stall)?),
            "big-headers" => self.before.big_headers = number(key, value, 0, 1 << 20)? as usize,
            "cut-bytes" => {
                self.wire.cut_bytes = Some(number(key, value, 1, u64::MAX)? as usize);
            }
            _ => return Err(format!("unknown fault '{key}='")),
        }
        Ok(())
    }

    fn flag(&mut self, key: &str) -> Result<(), String> {
        *match key {
            "refuse" => &mut self.before.refuse,
            "stall-headers" => &mut self.before.stall,
            "html" => &mut self.instead.html,
            "empty" => &mut self.instead.empty,
            "no-content" => &mut self.instead.no_content,
            "error-first" => &mut self.error_first,
            "gzip" => &mut self.wire.gzip,
            "crlf" => &mut self.wire.crlf,
            "no-space" => &mut self.wire.no_space,
            "comments" => &mut self.wire.comments,
            "multiline" => &mut self.wire.multiline,
            "no-done" => &mut self.no_done,
            "no-usage" => &mut self.no_usage,
            "wrong-dialect" => &mut self.wrong_dialect,
            _ => return Err(format!("unknown fault '{key}'")),
        } = true;
        Ok(())
    }
}

// === impl Instead ===

impl Instead {
    pub(super) fn is_set(&self) -> bool {
        *self != Instead::default()
    }
}

fn after(key: &str, value: &str, how: How) -> Result<Break, String> {
    let after = number(key, value, 0, u64::MAX)? as usize;
    Ok(Break { after, how })
}

fn millis(key: &str, value: &str) -> Result<Duration, String> {
    Ok(Duration::from_millis(number(key, value, 0, 3_600_000)?))
}

fn number(key: &str, value: &str, min: u64, max: u64) -> Result<u64, String> {
    let parsed = value.trim().parse().map_err(|_| bad(key))?;
    if (min..=max).contains(&parsed) { Ok(parsed) } else { Err(bad(key)) }
}

fn bad(key: &str) -> String {
    format!("bad value for fault '{key}'")
}

pub(super) fn percent_decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let high = char::from(bytes.next()?).to_digit(16)?;
            let low = char::from(bytes.next()?).to_digit(16)?;
            out.push((high * 16 + low) as u8);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs() {
        type Check = fn(&Faults) -> bool;
        let table: &[(&str, Check)] = &[
            ("", |f| *f == Faults::default()),
            (" ; ", |f| *f == Faults::default()),
            ("status=429;retry-after=2", |f| {
                f.instead.status == Some(429) && f.before.retry_after.as_ref().unwrap() == "2"
            }),
            ("code=insufficient_quota", |f| f.code.as_deref() == Some("insufficient_quota")),
            ("header-ms=5;first-ms=6;token-ms=7", |f| {
                (f.before.delay, f.pace.first, f.pace.token) == (ms(5), ms(6), ms(7))
            }),
            ("cut-after=3; stall-after=0", |f| {
                f.break_at(3) == Some(How::Cut) && f.break_at(0) == Some(How::Stall)
            }),
            ("bad-crc-after=2", |f| f.break_at(2) == Some(How::BadCrc)),
            ("error-after=1;end-after=2", |f| {
                f.break_at(1) == Some(How::Error) && f.break_at(2) == Some(How::End)
            }),
            ("refuse;stall-headers;big-headers=9", |f| {
                f.before.refuse && f.before.stall && f.before.big_headers == 9
            }),
            ("html;empty;no-content", |f| {
                f.instead.html && f.instead.empty && f.instead.no_content
            }),
            ("crlf;no-space;comments;multiline;gzip;cut-bytes=1", |f| {
                let w = &f.wire;
                w.crlf
                    && w.no_space
                    && w.comments
                    && w.multiline
                    && w.gzip
                    && w.cut_bytes == Some(1)
            }),
            ("error-first;no-done;no-usage;wrong-dialect;tokens=4", |f| {
                f.error_first && f.no_done && f.no_usage && f.wrong_dialect && f.tokens == Some(4)
            }),
            ("text=%C3%BC%20%F0%9F%98%80%3B", |f| f.text.as_deref() == Some("ü 😀;")),
        ];
        for (spec, holds) in table {
            let faults = Faults::parse(spec).unwrap();
            assert!(holds(&faults), "{spec}: {faults:?}");
        }
    }

    #[test]
    fn bad_specs() {
        for spec in [
            "staus=429",
            "status",
            "status=99",
            "status=x",
            "refuse=1",
            "cut-after=-1",
            "text=%zz",
            "text=%C3",
            "text=%",
            "cut-bytes=0",
            "retry-after=\n1",
            "=",
            "no-dones",
        ] {
            assert!(Faults::parse(spec).is_err(), "{spec}");
        }
    }

    #[test]
    fn in_the_model_name() {
        assert_eq!(Faults::in_model("gpt"), Ok(Faults::default()));
        assert!(Faults::in_model("gpt!html").unwrap().instead.html);
        assert!(Faults::in_model("gpt!nonsense").is_err());
    }

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }
}
