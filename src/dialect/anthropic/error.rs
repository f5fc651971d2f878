use crate::error::Error;
pub fn body(_: &Error) -> Vec<u8> {
    Vec::new()
}
pub fn event(_: &Error) -> Vec<u8> {
    Vec::new()
}
