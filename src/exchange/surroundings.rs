//! The Envoy around this VM: which release it is, and whether its configuration lets
//! the filter work.
//!
//! The release stands in a property (`xds.node`, which Envoy fills in by itself; seen on
//! 1.36 to 1.40). What a bootstrap may lack shows in calls that go wrong:
//!
//! - `allow_on_headers_stop_iteration`: no body callback ever comes. Until this VM has
//!   seen one in a role, calls that wait for theirs in that role are watched, and
//!   answered 500 after `PATIENCE`. A slow client is no such case, as its first byte is
//!   a callback; one that sends no byte for so long is.
//! - the upstream role: a provider's answer comes for a call that no attempt saw.
//! - one VM for both roles: no attempt ever finds its call.
//!
//! Each is logged once per VM, with what to mend. Costs nothing once it is known to be
//! well: no host call, no allocation.

use super::Worker;
use super::registry::{Answer, Refusal, Shared};
use crate::config::Config;
use crate::config::compiled::Fallback;
use crate::config::raw;
use crate::dialect::Dialect;
use crate::error::{Error, Kind};
use crate::host::Host;
use std::cell::{Cell, OnceCell, RefCell};
use std::rc::{Rc, Weak};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Gateway,
    Upstream,
}

#[derive(Default)]
pub struct Surroundings {
    release: OnceCell<Option<(u64, u64)>>,
    gateway: Bodies,
    upstream: Bodies,
    /// An attempt of this VM has found its call.
    met: Cell<bool>,
    said_apart: Cell<bool>,
    said_alone: Cell<bool>,
}

/// The request bodies of one role.
#[derive(Default)]
struct Bodies {
    seen: Cell<bool>,
    waiting: RefCell<Vec<Weak<Wait>>>,
    said: Cell<bool>,
}

/// A call that waits for its body.
pub struct Wait {
    context: u32,
    /// Unix nanoseconds.
    due: u64,
    client: Dialect,
    /// In the upstream role.
    entry: Option<Shared>,
    /// It has been answered.
    pub given_up: Cell<bool>,
}

/// How long a body may keep away altogether, in nanoseconds.
const PATIENCE: u64 = 10_000_000_000;
/// Most calls watched at once; more are only told by the route's timeout.
const MAX_WAITING: usize = 1_024;
/// Where Envoy says which one it is.
const VERSION: [&str; 4] = ["xds", "node", "user_agent_build_version", "version"];

fn broken() -> Error {
    let words =
        "the gateway's Envoy is not configured as it needs to be; its log says what to mend";
    Error::new(Kind::Internal, words)
}

// === impl Surroundings ===

impl Surroundings {
    /// Major and minor; `None`: it does not say.
    pub fn release(&self, host: &dyn Host) -> Option<(u64, u64)> {
        *self.release.get_or_init(|| {
            let [xds, node, build, version] = VERSION;
            let number = |name| {
                let bytes = host.property(&[xds, node, build, version, name])?;
                Some(u64::from_le_bytes(bytes.try_into().ok()?))
            };
            Some((number("major_number")?, number("minor_number")?))
        })
    }

    /// Makes a configuration ask no more than this Envoy can do. `Err`: it can do nothing.
    pub fn adapt(&self, host: &dyn Host, config: &mut Config) -> Result<(), String> {
        let Some((major, minor)) = self.release(host) else { return Ok(()) };
        let Some(able) = raw::Fallback::of(major, minor) else {
            return Err(format!(
                "this is Envoy {major}.{minor}, which crashes when an upstream filter fails an \
                 answer whose headers it held (mended in 1.37.0): use 1.37 or newer"
            ));
        };
        let written = config.fallback.mode();
        if written == able || written == raw::Fallback::None {
            return Ok(());
        }
        log::error!(
            "`envoy.fallback: {}` does not fit Envoy {major}.{minor}: calls stay with the provider \
             of their first target; render the bootstrap with --for-envoy {major}.{minor}",
            written.as_str()
        );
        config.fallback = Fallback::None;
        Ok(())
    }

    pub fn has_seen_a_body(&self) -> bool {
        self.gateway.seen.get()
    }

    /// A body callback has come.
    pub fn saw_body(&self, role: Role) {
        self.bodies(role).seen.set(true);
    }

    /// An attempt has found its call.
    pub fn met(&self) {
        self.met.set(true);
    }

    /// An attempt has not found its call.
    pub fn lost(&self) {
        if self.said_apart.replace(true) {
            return;
        }
        match self.met.get() {
            true => log::error!("an attempt did not find its call, though others do"),
            false => log::error!(
                "an attempt did not find its call: after a VM reload that is one call's bad luck; \
                 if it goes on, sluice.gateway and sluice.upstream run in two VMs: make their \
                 `vm_config` equal (vm_id, runtime, code, configuration, environment_variables)"
            ),
        }
    }

    /// A provider has answered a call of which no attempt knows.
    pub fn alone(&self) -> Error {
        if !self.said_alone.replace(true) {
            log::error!(
                "a provider answered a request that no sluice.upstream has seen: put the filter \
                 with root_id sluice.upstream into `upstream_http_filters` of the router of this \
                 listener; calls went out untranslated"
            );
        }
        broken()
    }

    /// Somebody is watched.
    pub(super) fn is_busy(&self) -> bool {
        let any = |bodies: &Bodies| !bodies.waiting.borrow().is_empty();
        any(&self.gateway) || any(&self.upstream)
    }

    fn bodies(&self, role: Role) -> &Bodies {
        match role {
            Role::Gateway => &self.gateway,
            Role::Upstream => &self.upstream,
        }
    }
}

// === impl Worker ===

impl Worker {
    /// A call or an attempt pauses until its body comes. `None`: it surely will. What is
    /// returned keeps the watch.
    pub fn wait_for_body(
        &self,
        host: &dyn Host,
        context: u32,
        (client, entry): (Dialect, Option<&Shared>),
    ) -> Option<Rc<Wait>> {
        let role = if entry.is_some() { Role::Upstream } else { Role::Gateway };
        let bodies = self.surroundings.bodies(role);
        if bodies.seen.get() {
            return None;
        }
        let mut waiting = bodies.waiting.borrow_mut();
        waiting.retain(|wait| wait.strong_count() > 0);
        if waiting.len() >= MAX_WAITING {
            return None;
        }
        let now = host.now();
        self.deadlines.keep_time(host, now);
        let (due, entry, given_up) = (now + PATIENCE, entry.map(Rc::clone), Cell::new(false));
        let wait = Rc::new(Wait { context, due, client, entry, given_up });
        waiting.push(Rc::downgrade(&wait));
        Some(wait)
    }

    /// Answers those whose bodies kept away. Called by the VM's timer.
    pub(super) fn give_up_waiting(&self, host: &dyn Host, now: u64) {
        for role in [Role::Gateway, Role::Upstream] {
            let bodies = self.surroundings.bodies(role);
            if bodies.seen.get() {
                bodies.waiting.borrow_mut().clear();
                continue;
            }
            let is_late = |wait: &Weak<Wait>| wait.upgrade().is_none_or(|wait| wait.due <= now);
            let late: Vec<_> = {
                let mut waiting = bodies.waiting.borrow_mut();
                waiting.extract_if(.., |wait| is_late(wait)).collect()
            };
            for wait in late.iter().filter_map(Weak::upgrade) {
                if !bodies.said.replace(true) {
                    let filter = if role == Role::Gateway { "gateway" } else { "upstream" };
                    log::error!(
                        "no request body came within {} s: `allow_on_headers_stop_iteration: \
                         true` is missing in the configuration of sluice.{filter} (Envoy 1.35 or \
                         newer), or the client sent none",
                        PATIENCE / 1_000_000_000
                    );
                }
                wait.give_up(host);
            }
        }
    }
}

// === impl Wait ===

impl Wait {
    fn give_up(&self, host: &dyn Host) {
        self.given_up.set(true);
        let error = broken();
        let body = self.client.error_body(&error);
        let status = error.status();
        if let Some(entry) = &self.entry {
            entry.borrow_mut().answer = Answer::Refused(Refusal::new(error));
        }
        host.reply_in(self.context, status, &[("content-type", "application/json")], &body);
    }
}
