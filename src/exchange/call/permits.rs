//! What the caller may ask, asked where a call comes in: by its headers whether it is
//! let in, by its body what that is made to say (`policy::permits`).
//!
//! Where nothing is configured this is a look at a few fields. An edit costs a walk
//! through the body and one host call (two with a content-length); forms pass as they
//! are, and have no output limit.

use super::Call;
use crate::config::permits::Permits;
use crate::error::Error;
use crate::exchange::endpoints::Endpoint;
use crate::host::{Headers, Host};
use crate::policy::permits;

// === impl Call ===

impl Call {
    pub(super) fn admit(&mut self, permits: &Permits, endpoint: &Endpoint) -> Result<(), Error> {
        self.explains &= permits.explain;
        let call = match endpoint {
            Endpoint::Call(client, _) => Some(*client),
            _ => None,
        };
        permits::admit(permits, call)
    }

    /// Edits `body`, of which Envoy holds the same bytes.
    pub(super) fn hold_to(
        &mut self,
        host: &dyn Host,
        (headers, permits): (&Headers, &Permits),
        body: &mut Vec<u8>,
    ) -> Result<(), Error> {
        if let Some(edited) = permits::edit(permits, self.client, body)? {
            super::wishes::replace(host, headers, body, edited.body);
            self.capped = edited.capped.filter(|_| self.config.expose.capped);
        }
        Ok(())
    }
}
