//! What the client says of who serves its call: its header is kept until it is known
//! who asks, the body's members are taken out before anybody else reads the body.
//!
//! Where preferences are off this is a look at two flags. Taking members out costs one
//! walk through the body, and one host call more where there are any (two with a
//! content-length).

use super::Call;
use crate::config::Consumer;
use crate::error::Error;
use crate::host::{Headers, Host, Side, text};
use crate::route::prefer::{self, Preferences};

/// What was said so far.
#[derive(Default)]
pub(super) struct Wishes {
    header: Option<String>,
    body: Option<Preferences>,
}

// === impl Call ===

impl Call {
    /// `reserved`: the headers that go no further.
    pub(super) fn note_wishes(&mut self, reserved: &Headers) {
        if self.config.preferences.header {
            self.wishes.header = prefer::header(reserved);
        }
    }

    /// Takes them out of `body`, of which Envoy holds the same bytes.
    pub(super) fn take_wishes(
        &mut self,
        host: &dyn Host,
        (headers, consumer): (&Headers, &Consumer),
        addressed: bool,
        body: &mut Vec<u8>,
    ) -> Result<(), Error> {
        if !prefer::reads_body(&self.config, consumer) {
            return Ok(());
        }
        if let Some(taken) = prefer::body::take(body, addressed)? {
            replace(host, headers, body, taken.body);
            self.wishes.body = Some(taken.preferences);
        }
        Ok(())
    }

    /// All of them.
    pub(super) fn wishes(&self, consumer: &Consumer) -> Result<Option<Preferences>, Error> {
        let Wishes { header, body } = &self.wishes;
        prefer::of(&self.config, consumer, header.as_deref(), body.as_ref())
    }
}

/// Another body than Envoy holds, which is `body`.
pub(super) fn replace(host: &dyn Host, headers: &Headers, body: &mut Vec<u8>, with: Vec<u8>) {
    host.replace_body(Side::Request, body.len(), &with);
    if text(headers, "content-length").is_some() {
        host.set_header(Side::Request, "content-length", &with.len().to_string());
    }
    *body = with;
}
