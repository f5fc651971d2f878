//! What an answer must know of its request: whether thoughts were asked for, and the
//! stop sequences, in `Reply::echo`.

use crate::wire::json;
use std::borrow::Cow;

#[derive(Debug, Clone, Copy)]
pub(super) struct Echo<'a> {
    pub(super) thinking: bool,
    /// An array of strings, or nothing.
    stops: &'a [u8],
}

const THINKING: &[u8] = b"thinking";

/// Empty where there is nothing to say.
pub(super) fn write(thinking: bool, stops: Option<&[u8]>) -> Vec<u8> {
    let mut out = if thinking { THINKING.to_vec() } else { Vec::new() };
    out.extend_from_slice(stops.unwrap_or_default());
    out
}

impl<'a> Echo<'a> {
    pub(super) fn read(echo: &'a [u8]) -> Self {
        match echo.strip_prefix(THINKING) {
            Some(stops) => Self { thinking: true, stops },
            None => Self { thinking: false, stops: echo },
        }
    }

    pub(super) fn sequences(&self) -> Vec<Cow<'a, str>> {
        let items = json::items(self.stops).unwrap_or_default();
        items.into_iter().filter_map(json::text).collect()
    }
}
