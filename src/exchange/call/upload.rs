//! A form on its way in: read where Envoy holds it, a window at a time, so that a file
//! is never copied here.
//!
//! One of at most `max_body` bytes is held by Envoy until its end, as every body is, and
//! then planned. A larger one, where `max_upload` allows it, is planned as soon as its
//! model is known and flows on while it comes; what is wrong with it later ends it. So
//! does one that does not say its length: many megabytes may come at once, and Envoy
//! answers 413 by itself when what is held and what comes exceed its buffer.

use super::waiting::Rest;
use super::{Call, Decided, Phase};
use crate::config::Config;
use crate::dialect::{Dialect, Facts, facts};
use crate::error::{Error, Kind};
use crate::exchange::Step;
use crate::exchange::registry::{Answer, announced};
use crate::host::{Host, Side};
use crate::wire::multipart::{self, Invalid, Scanner, WINDOW};

pub(super) struct Upload {
    scanner: Scanner,
    /// Bytes that Envoy holds no more: they have flowed on.
    gone: usize,
}

/// What becomes of an upload that has not ended.
enum Verdict {
    Hold,
    Flow(Facts),
}

// === impl Upload ===

impl Upload {
    pub(super) fn open(content_type: &str) -> Result<Self, Error> {
        let boundary = multipart::boundary(content_type).map_err(invalid)?;
        Ok(Self { scanner: Scanner::new(&boundary, facts::FIELDS), gone: 0 })
    }

    /// So many bytes of it flow on.
    pub(super) fn from(self, size: usize) -> Self {
        Self { gone: size, ..self }
    }

    /// The whole form has come.
    pub(super) fn facts(self, client: Dialect) -> Result<Facts, Error> {
        let size = self.scanner.at();
        let fields = self.scanner.finish().map_err(invalid)?;
        Facts::of_form(client, &fields, size)
    }

    /// Reads what has come since. `size`: bytes that Envoy holds.
    pub(super) fn read(&mut self, host: &dyn Host, size: usize) -> Result<(), Error> {
        loop {
            let start = self.scanner.at().saturating_sub(self.gone);
            let window = match size.saturating_sub(start) {
                0 => return Ok(()),
                rest => host.body_at(Side::Request, start, rest.min(WINDOW)),
            };
            if window.is_empty() {
                return Err(Error::new(Kind::Internal, "the gateway cannot read the body"));
            }
            self.scanner.feed(&window).map_err(invalid)?;
        }
    }

    /// `announced`: the content length, where there is one.
    fn judge(
        &self,
        client: Dialect,
        config: &Config,
        size: usize,
        announced: Option<usize>,
    ) -> Result<Verdict, Error> {
        let fits = announced.is_some_and(|length| length.max(size) <= config.max_body);
        if fits || config.max_upload == config.max_body {
            return Ok(Verdict::Hold);
        }
        if self.scanner.field("model").is_some() {
            let fields: Vec<_> =
                facts::FIELDS.iter().filter_map(|name| self.scanner.field(name)).cloned().collect();
            return Facts::of_form(client, &fields, size).map(Verdict::Flow);
        }
        if size <= config.max_body { Ok(Verdict::Hold) } else { Err(self.too_large(config)) }
    }

    /// Too much of it has come to be held.
    pub(super) fn too_large(&self, config: &Config) -> Error {
        let max = config.max_body;
        if config.max_upload == max || self.scanner.field("model").is_some() {
            return super::too_large_upload(config);
        }
        let words = format!(
            "the form is larger than {max} bytes (defaults.max_body) and has not named its model yet: put the part `model` before the file"
        );
        Error::new(Kind::TooLarge, words).with_param("model")
    }
}

// === impl Call ===

impl Call {
    /// More of a form that is being collected.
    pub(super) fn form_part(&mut self, host: &dyn Host, size: usize) -> Result<Step, Error> {
        let Phase::Collecting { headers, caller, upload: Some(upload), .. } = &self.phase else {
            return Ok(Step::Pause);
        };
        let announced = announced(headers);
        let facts = match upload.judge(self.client, &self.config, size, announced)? {
            Verdict::Hold => return Ok(Step::Pause),
            Verdict::Flow(facts) => self.recast(facts)?,
        };
        let Decided::Run(ready) = self.decide(host, (headers, caller), facts, &[])? else {
            return Err(Error::new(Kind::Internal, "an upload has no estimate"));
        };
        let Phase::Collecting { headers, caller, upload, .. } =
            std::mem::replace(&mut self.phase, Phase::Fresh)
        else {
            return Ok(Step::Pause);
        };
        let rest = Rest { body: Vec::new(), upload, size };
        Ok(self.begin(host, (headers, caller), ready, rest))
    }

    /// More of an upload that flows.
    pub(super) fn flow(&mut self, host: &dyn Host, size: usize, end: bool) -> Step {
        let Phase::Planned { entry, upload, .. } = &mut self.phase else { return Step::Continue };
        let answered = !matches!(entry.borrow().answer, Answer::None);
        // Whoever has answered will read no more of it.
        let Some(mut flowing) = upload.take().filter(|_| !answered) else { return Step::Continue };
        let max = self.config.max_upload;
        let read = match flowing.gone.saturating_add(size) > max {
            true => Err(super::too_large_upload(&self.config)),
            false => flowing.read(host, size),
        };
        flowing.gone += size;
        let read = match (read, end) {
            (Ok(()), true) => flowing.facts(self.client).map(|_| None),
            (read, _) => read.map(|()| Some(flowing)),
        };
        match read {
            Ok(rest) => {
                *upload = rest;
                Step::Continue
            }
            Err(error) => self.stop(host, error),
        }
    }

    /// Trailers end a flowing form as well as its last byte does.
    pub(super) fn flowed(&mut self, host: &dyn Host) -> Step {
        match self.phase {
            Phase::Planned { upload: Some(_), .. } => self.flow(host, 0, true),
            _ => Step::Continue,
        }
    }
}

fn invalid(invalid: Invalid) -> Error {
    let error = Error::new(Kind::InvalidRequest, format!("the form cannot be read: {invalid}"));
    match invalid.field {
        Some(name) => error.with_param(name),
        None => error,
    }
}
