//! Who asks, with what Envoy knows of the request.

use super::Call;
use crate::error::Error;
use crate::host::{Headers, Host, Side, value};
use crate::policy::identity::{self, Asked, Caller, header};

// === impl Call ===

impl Call {
    /// Takes a header away that only some peers may send, where this is none of them: also
    /// from requests that are another route's.
    pub(super) fn keep_trusted(&self, host: &dyn Host, headers: &mut Headers) {
        let Some(trusted) = &self.config.identity.header else { return };
        if value(headers, &trusted.name).is_none()
            || header::is_trusted(trusted, &|path| host.property(path))
        {
            return;
        }
        headers.retain(|(name, _)| *name != trusted.name);
        host.edit_headers(Side::Request, &[&trusted.name], &[]);
    }

    pub(super) fn identify(&self, host: &dyn Host, headers: &Headers) -> Result<Caller, Error> {
        let asked = Asked { headers, property: &|path| host.property(path), now: &|| host.now() };
        identity::identify(&self.config, &asked)
    }
}
