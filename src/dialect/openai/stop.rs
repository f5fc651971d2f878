//! `stop`: one sequence, or a list of them.

use super::read::{Object, Value};
use crate::error::Error;

/// The sequences' JSON strings.
pub fn read<'a>(root: &Value<'a, '_>, body: &Object<'a>) -> Result<Vec<&'a [u8]>, Error> {
    let Some(stop) = root.field(body, "stop") else { return Ok(Vec::new()) };
    if stop.is_string() {
        return Ok(vec![stop.raw]);
    }
    let items = stop.items()?;
    items.into_iter().enumerate().map(|(i, raw)| stop.item(i, raw).string()).collect()
}
