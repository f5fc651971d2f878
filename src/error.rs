//! What went wrong, whose fault it is, and whether another target may help.
//!
//! An `Error` speaks no dialect. It is made where the fault is seen and rendered
//! once, in the client's own: by `dialect::Dialect::error_body`, or as an event by
//! the stream translator when the answer has begun. It must never hold a prompt, a
//! key, or a header value: its message goes to clients, its kind to logs and metrics.

use std::borrow::Cow;
use std::fmt;

/// A failure on its way to the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    pub kind: Kind,
    /// For people. Says what to do where the reader can do something.
    pub message: Cow<'static, str>,
    /// The provider's own HTTP status where it had one; else `kind.status()`.
    pub status: Option<u16>,
    /// The provider's own machine-readable code (OpenAI's `error.code`).
    pub code: Option<Cow<'static, str>>,
    /// The provider's own error type (OpenAI's and Anthropic's `error.type`).
    pub type_: Option<Cow<'static, str>>,
    /// The request field at fault, as a JSON path.
    pub param: Option<Cow<'static, str>>,
    /// Seconds until it makes sense to try again.
    pub retry_after: Option<u64>,
}

/// A closed list: every kind has one status, one fault and one retry class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// 400: the body or a field is wrong.
    InvalidRequest,
    /// 401: no consumer matches the caller's credentials.
    Unauthenticated,
    /// 404: no such path.
    NotFound,
    /// 404: the configuration has no such model.
    ModelNotFound,
    /// 405: the path exists, the method does not.
    MethodNotAllowed,
    /// 413: the body is above the configured bound.
    TooLarge,
    /// 415: content type or content encoding.
    UnsupportedMedia,
    /// 429: a limit of ours.
    RateLimited,
    /// 4xx by the provider, about the client's own request.
    Rejected,
    /// 408, 409, 425, 429 by the provider.
    Busy,
    /// 5xx by the provider, 529 included.
    ProviderFault,
    /// 401, 402, 403 by the provider: it refused the gateway's key, not the client's.
    ProviderAuth,
    /// 502: the provider answered with something that is not its dialect.
    BadAnswer,
    /// 502: a stream ended or failed after it had begun.
    BrokenStream,
    /// 503: no connection, or it was lost before an answer.
    Unreachable,
    /// 504: a deadline passed.
    Timeout,
    /// 503: the gateway cannot serve now (its state was reloaded, a table is full).
    Unavailable,
    /// 500: our bug.
    Internal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Client,
    Gateway,
    Upstream,
}

// === impl Error ===

impl Error {
    pub fn new(kind: Kind, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            message: message.into(),
            status: None,
            code: None,
            type_: None,
            param: None,
            retry_after: None,
        }
    }

    /// 400 about one field of the request.
    pub fn invalid(
        param: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(Kind::InvalidRequest, message).with_param(param)
    }

    pub fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    pub fn with_code(mut self, code: impl Into<Cow<'static, str>>) -> Self {
        self.code = Some(code.into());
        self
    }

    pub fn with_type(mut self, type_: impl Into<Cow<'static, str>>) -> Self {
        self.type_ = Some(type_.into());
        self
    }

    pub fn with_param(mut self, param: impl Into<Cow<'static, str>>) -> Self {
        self.param = Some(param.into());
        self
    }

    pub fn with_retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The status the client sees, 400 to 599.
    pub fn status(&self) -> u16 {
        self.status.unwrap_or_else(|| self.kind.status())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.kind.as_str(), self.status(), self.message)
    }
}

impl std::error::Error for Error {}

// === impl Kind ===

impl Kind {
    pub const ALL: [Kind; 18] = [
        Kind::InvalidRequest,
        Kind::Unauthenticated,
        Kind::NotFound,
        Kind::ModelNotFound,
        Kind::MethodNotAllowed,
        Kind::TooLarge,
        Kind::UnsupportedMedia,
        Kind::RateLimited,
        Kind::Rejected,
        Kind::Busy,
        Kind::ProviderFault,
        Kind::ProviderAuth,
        Kind::BadAnswer,
        Kind::BrokenStream,
        Kind::Unreachable,
        Kind::Timeout,
        Kind::Unavailable,
        Kind::Internal,
    ];

    /// The kind of a provider's error status (400 to 599).
    pub fn of_provider_status(status: u16) -> Self {
        match status {
            401..=403 => Kind::ProviderAuth,
            408 | 409 | 425 | 429 => Kind::Busy,
            400..=499 => Kind::Rejected,
            _ => Kind::ProviderFault,
        }
    }

    pub const fn status(self) -> u16 {
        match self {
            Kind::InvalidRequest | Kind::Rejected => 400,
            Kind::Unauthenticated => 401,
            Kind::NotFound | Kind::ModelNotFound => 404,
            Kind::MethodNotAllowed => 405,
            Kind::TooLarge => 413,
            Kind::UnsupportedMedia => 415,
            Kind::Busy | Kind::RateLimited => 429,
            Kind::Internal => 500,
            Kind::ProviderFault | Kind::ProviderAuth | Kind::BadAnswer | Kind::BrokenStream => 502,
            Kind::Unreachable | Kind::Unavailable => 503,
            Kind::Timeout => 504,
        }
    }

    pub const fn fault(self) -> Fault {
        match self {
            Kind::InvalidRequest
            | Kind::Unauthenticated
            | Kind::NotFound
            | Kind::ModelNotFound
            | Kind::MethodNotAllowed
            | Kind::TooLarge
            | Kind::UnsupportedMedia
            | Kind::RateLimited
            | Kind::Rejected => Fault::Client,
            Kind::ProviderAuth | Kind::Unavailable | Kind::Internal => Fault::Gateway,
            Kind::Busy
            | Kind::ProviderFault
            | Kind::BadAnswer
            | Kind::BrokenStream
            | Kind::Unreachable
            | Kind::Timeout => Fault::Upstream,
        }
    }

    /// The metric label and the log field. Snake case, never changes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::InvalidRequest => "invalid_request",
            Kind::Unauthenticated => "unauthenticated",
            Kind::NotFound => "not_found",
            Kind::ModelNotFound => "model_not_found",
            Kind::MethodNotAllowed => "method_not_allowed",
            Kind::TooLarge => "too_large",
            Kind::UnsupportedMedia => "unsupported_media",
            Kind::RateLimited => "rate_limited",
            Kind::Rejected => "rejected",
            Kind::Busy => "busy",
            Kind::ProviderFault => "provider_fault",
            Kind::ProviderAuth => "provider_auth",
            Kind::BadAnswer => "bad_answer",
            Kind::BrokenStream => "broken_stream",
            Kind::Unreachable => "unreachable",
            Kind::Timeout => "timeout",
            Kind::Unavailable => "unavailable",
            Kind::Internal => "internal",
        }
    }
}
