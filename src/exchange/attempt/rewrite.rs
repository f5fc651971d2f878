//! Replacements far inside a body that is too large to be copied here.
//!
//! Envoy lets a filter change a body at its front and append at its end, nothing else.
//! So the body goes round once: a window is taken from the front, changed where it must
//! be, and appended. When all of it has, it stands in its old order.

use crate::host::{Host, Side};
use crate::wire::json::Splice;
use crate::wire::multipart::WINDOW;

/// Applies `splices`, ascending and not overlapping, to the `size` bytes that Envoy
/// holds; returns how many they are then.
pub(super) fn in_place(host: &dyn Host, size: usize, splices: &[Splice]) -> usize {
    let mut splices = splices.iter();
    let mut next = splices.next();
    let (mut at, mut length) = (0, 0);
    while at < size {
        let (start, end) = next.map_or((size, size), |s| (s.range.start, s.range.end));
        if at == start
            && let Some(splice) = next
        {
            host.replace_body(Side::Request, end - start, b"");
            host.append_body(Side::Request, &splice.with);
            length += splice.with.len();
            (at, next) = (end, splices.next());
            continue;
        }
        let window = host.body_at(Side::Request, 0, WINDOW.min(start.min(size) - at));
        if window.is_empty() {
            break;
        }
        host.replace_body(Side::Request, window.len(), b"");
        host.append_body(Side::Request, &window);
        at += window.len();
        length += window.len();
    }
    length
}
