//! Who speaks a message of a chat request.

use super::read::{Object, Value};
use crate::error::Error;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// `system`, or its newer name `developer`.
    System,
    User,
    Assistant,
    Tool,
    /// The deprecated way of a tool's answer.
    Function,
}

impl Role {
    pub fn read(message: &Value<'_, '_>, object: &Object<'_>) -> Result<Self, Error> {
        let Some(role) = message.field(object, "role") else {
            return Err(message.error("needs a role"));
        };
        match role.text()?.as_ref() {
            "system" | "developer" => Ok(Role::System),
            "user" => Ok(Role::User),
            "assistant" => Ok(Role::Assistant),
            "tool" => Ok(Role::Tool),
            "function" => Ok(Role::Function),
            _ => Err(role.error("must be system, developer, user, assistant or tool")),
        }
    }
}
