//! What the client calls chat's fields.

use crate::dialect::hub::names::Names;

pub const NAMES: Names = &[("messages", "prompt"), ("max_completion_tokens", "max_tokens")];
