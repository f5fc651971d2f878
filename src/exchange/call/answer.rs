//! The way back: a provider's answer passes; where there is none, this speaks.
//!
//! The one place that writes errors of planned calls, in the client's dialect: for
//! a refusal that no other target made good, and for Envoy's own local replies.

use super::{Call, JSON, Phase, too_large};
use crate::error::{Error, Kind};
use crate::exchange::Step;
use crate::exchange::registry::{Answer, CAPPED, Entry, Refusal};
use crate::host::{Host, Side};
use crate::route::health::Event;
use std::rc::Rc;

// === impl Call ===

impl Call {
    /// Lets a provider's answer pass; speaks where there is none: for a refusal
    /// that no other target made good, and for Envoy's own local replies.
    pub fn response_headers(&mut self, host: &dyn Host) -> Step {
        if self.wait.take().is_some_and(|wait| wait.given_up.get()) {
            self.phase = Phase::Replied { outcome: Kind::Internal.as_str(), error: None };
            return Step::Continue;
        }
        let (error, refusal) = match &self.phase {
            Phase::Planned { entry, .. } => {
                let entry = &*entry.borrow();
                self.learn_of_nowhere(host, entry);
                match &entry.answer {
                    Answer::Given => return Step::Continue,
                    Answer::Refused(refusal) => (refusal.error.clone(), Some(refusal.clone())),
                    Answer::None if entry.tried.is_empty() && is_providers(host) => {
                        (self.worker.surroundings.alone(), None)
                    }
                    Answer::None if entry.tried.is_empty() && others_refusal(host) => {
                        return Step::Continue;
                    }
                    Answer::None => (self.envoys_own(host, Some(entry)), None),
                }
            }
            // Envoy answered while the body came in, such as 413 for its own buffer.
            Phase::Collecting { .. } => (self.envoys_own(host, None), None),
            Phase::Waiting(_) => {
                self.abandon(host);
                (self.envoys_own(host, None), None)
            }
            // Its 413 may be on its way already when we refuse: then ours was not heard.
            Phase::Replied { error: Some(error), .. }
                if host.header(Side::Response, "content-type").as_deref()
                    != Some(JSON.1.as_bytes()) =>
            {
                (error.clone(), None)
            }
            _ => return Step::Continue,
        };
        self.speak(host, error, refusal)
    }

    /// An answer that went silent ends with what its attempt has left to say.
    pub fn response_body(&self, host: &dyn Host) -> Step {
        if let Phase::Planned { entry, .. } = &self.phase
            && let Ok(mut entry) = entry.try_borrow_mut()
            && let Some(words) = entry.last_words.take()
        {
            host.append_body(Side::Response, &words);
        }
        Step::Continue
    }

    /// Speaks in the middle of a request that was on its way to a provider.
    pub(super) fn stop(&mut self, host: &dyn Host, error: Error) -> Step {
        let step = self.speak(host, error, None);
        self.phase = match std::mem::replace(&mut self.phase, Phase::Settled) {
            Phase::Planned { id, entry, .. } => Phase::Stopped { id, entry },
            other => other,
        };
        step
    }

    /// Envoy ends a call whose next cluster has no host, without an attempt and without
    /// trying others: later calls must not meet it first.
    fn learn_of_nowhere(&self, host: &dyn Host, entry: &Entry) {
        let next = entry.tried.len();
        let given = matches!(entry.answer, Answer::Given);
        let Some(at) = entry.plan.resolve(&entry.config, next).filter(|_| !given) else { return };
        let details = host.property(&["response", "code_details"]).unwrap_or_default();
        if NOWHERE.iter().any(|words| details.starts_with(words)) {
            self.worker.learn(host, entry, at, Event::Nowhere);
        }
    }

    /// Envoy made this response itself: no connection, a deadline, a limit.
    fn envoys_own(&self, host: &dyn Host, entry: Option<&Entry>) -> Error {
        let status = host.header(Side::Response, ":status");
        // The request was still coming in: nobody else kept us waiting.
        let arriving = match &self.phase {
            Phase::Collecting { .. } => true,
            Phase::Planned { upload, .. } => upload.is_some(),
            _ => false,
        };
        if arriving && status.as_deref() == Some(b"408") {
            return Error::new(Kind::Timeout, "the request did not arrive in time")
                .with_status(408);
        }
        let kind = match status.as_deref() {
            Some(b"413") => {
                return match &self.phase {
                    Phase::Collecting { upload: Some(upload), .. } => {
                        upload.too_large(&self.config)
                    }
                    _ => too_large(&self.config),
                };
            }
            Some(b"408" | b"504") => Kind::Timeout,
            Some(b"503" | b"502" | b"500" | b"429") => Kind::Unreachable,
            _ => Kind::Internal,
        };
        let reason = match kind {
            Kind::Timeout => "a deadline passed before the provider's first token",
            Kind::Unreachable => "no connection to the provider, or it was lost before an answer",
            _ => "the gateway could not run this call",
        };
        match entry {
            Some(entry) if entry.plan.targets.len() > 1 => {
                let n = entry.tried.len();
                Error::new(
                    kind,
                    format!("{reason}; {n} of {} targets were tried", entry.plan.targets.len()),
                )
            }
            _ => Error::new(kind, reason),
        }
    }

    /// An error for a call that no target answered.
    fn speak(&mut self, host: &dyn Host, error: Error, refusal: Option<Refusal>) -> Step {
        let Phase::Planned { entry, .. } = &self.phase else {
            return self.refuse(host, &error);
        };
        let mut entry = entry.borrow_mut();
        let refusal = refusal.unwrap_or(Refusal::new(error));
        let attempts = entry.tried.len().to_string();
        let mut headers = vec![JSON];
        headers.extend(refusal.advice.iter().map(|(name, value)| (*name, value.as_str())));
        let expose = entry.config.expose;
        let config = Rc::clone(&entry.config);
        if expose.attempts {
            headers.push(("x-sluice-attempts", &attempts));
        }
        let last = entry.tried.last().and_then(|t| entry.plan.resolve(&config, t.target));
        if let Some(at) = last {
            if expose.provider {
                headers.push(("x-sluice-provider", &at.provider.name));
            }
            if expose.model && at.target.model.is_some() {
                headers.push(("x-sluice-model", &at.target.label));
            }
        }
        let held = entry.reservation.as_deref();
        let limits = held.map(|held| held.headers(host, &entry)).unwrap_or_default();
        headers.extend(limits.iter());
        headers.extend(entry.capped.as_deref().map(|told| (CAPPED, told)));
        let explanation = entry.explanation();
        headers.extend(explanation.as_deref().map(|json| ("x-sluice-explain", json)));
        let made;
        let body = match &refusal.verbatim {
            Some(body) => body,
            None => {
                made = entry.client.error_body(&refusal.error);
                &made
            }
        };
        host.reply(refusal.error.status(), &headers, body);
        entry.answer = Answer::Refused(refusal);
        Step::Pause
    }
}

/// Envoy's details of a reply for want of a host.
/// <https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/http/http_conn_man/response_code_details>
const NOWHERE: [&[u8]; 2] = [b"no_healthy_upstream", b"cluster_not_found"];
/// It came from upstream, and was not made by Envoy.
fn is_providers(host: &dyn Host) -> bool {
    host.property(&["response", "code_details"]).as_deref() == Some(b"via_upstream")
}

/// A filter behind us (rate limit, authorization) has said no: its words stand.
fn others_refusal(host: &dyn Host) -> bool {
    let status = host.header(Side::Response, ":status");
    status.is_some_and(|s| s.starts_with(b"4") && !matches!(s.as_slice(), b"408" | b"413"))
}
