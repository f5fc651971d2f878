//! How an attempt fails: the status that makes Envoy's router try the next target, and
//! what the gateway role will say if there is none.

use super::{Attempt, Try};
use crate::config::compiled::{FILTERED, STREAM_FAILED, TOO_LONG};
use crate::dialect::withheld;
use crate::error::{Error, Fault, Kind};
use crate::exchange::Step;
use crate::exchange::health;
use crate::exchange::registry::{ADVICE, Refusal};
use crate::host::{Headers, Host, Side, text};

// === impl Attempt ===

impl Attempt {
    /// This attempt has failed. Sets the status that makes the router go on, if
    /// somebody is left to try and the class is one to retry; else the gateway
    /// role tells the client.
    pub(super) fn give_up(
        &mut self,
        host: &dyn Host,
        this: Try,
        headers: &Headers,
        error: Error,
        verbatim: Option<Vec<u8>>,
    ) -> Step {
        let status = match (error.kind, text(headers, ":status")) {
            // The router must see 401 or 403 to tell this class from the others.
            (Kind::ProviderAuth, Some(status @ ("401" | "402" | "403"))) => status.to_owned(),
            _ => error.status().to_string(),
        };
        self.fail(host, this, headers, &status, Refusal { verbatim, ..Refusal::new(error) })
    }

    /// The same for a stream that failed before its content: a class of its own,
    /// unless the request is at fault.
    pub(super) fn hide(
        &mut self,
        host: &dyn Host,
        this: Try,
        headers: &Headers,
        error: Error,
    ) -> Step {
        let status = match error.kind.fault() {
            Fault::Client => error.status(),
            Fault::Gateway | Fault::Upstream => STREAM_FAILED,
        };
        let refusal = Refusal::new(error);
        self.fail(host, this, headers, &status.to_string(), refusal)
    }

    /// `status`: for the router.
    fn fail(
        &mut self,
        host: &dyn Host,
        this: Try,
        headers: &Headers,
        status: &str,
        refusal: Refusal,
    ) -> Step {
        self.forget_deadline(&this);
        if let Some(event) = health::event_of(&refusal.error, Some(headers), host.now()) {
            self.learn(host, &this, event);
        }
        if refusal.error.kind == Kind::ProviderAuth
            && let Some(at) = this.at()
        {
            let status = text(headers, ":status").and_then(|s| s.parse().ok()).unwrap_or(0);
            self.worker.warn_of_key(&at.provider.name, status);
        }
        if !matches!(refusal.error.kind, Kind::Busy | Kind::ProviderAuth) {
            this.defer_spares(host);
        }
        let too_long = refusal.error.kind == Kind::Rejected
            && refusal.error.code.as_deref() == Some("context_length_exceeded");
        let next = match &refusal.error {
            _ if too_long => this.prefers_larger(host).then_some(TOO_LONG),
            error => Some(FILTERED).filter(|_| withheld::says(error) && this.leaves_filters()),
        }
        .map(|status| status.to_string());
        let status = next.as_deref().unwrap_or(status);
        if text(headers, ":status") != Some(status) {
            host.set_header(Side::Response, ":status", status);
        }
        let advice = ADVICE.iter().filter_map(|n| Some((*n, text(headers, n)?.to_owned())));
        this.fail(Refusal { advice: advice.collect(), ..refusal });
        Step::Continue
    }
}
