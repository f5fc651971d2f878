//! Clients of other dialects, through the hub: a client's half (`Inbound`) and any
//! row that takes a chat make a row of their own, so that a new client dialect is
//! one folder and reaches every provider.
//!
//! The request goes client -> chat -> provider, the answer provider -> chat ->
//! client, each hop by the code that serves it alone. What chat has no word for
//! travels under the names other gateways gave it (`thinking_blocks`,
//! `cache_control`, `extra_content`; in answers `native_finish_reason` and
//! `stop_reason` of a choice, as OpenRouter and vLLM have them) or as its provider has
//! it (`is_error` of a tool's message); what has none is in the client half's own loss
//! list. Must not: know a provider, or more of a client than its half says.

use super::features::{self, Gaps};
use super::loss::{Field, Lost};
use super::{
    Body, ClientResponse, Dialect, Facts, Feed, Maker, Progress, Reply, Request, StreamTranslator,
    Translator, UpstreamRequest, Usage,
};
use crate::error::{Error, Kind};
use crate::wire::json;
use crate::wire::sse::{Decoder, Event};
use std::marker::PhantomData;

pub mod read;
pub mod rows;

pub use read::{Chunk, Completion};

/// A client dialect's half of all its translations.
pub trait Inbound: 'static {
    const CLIENT: Dialect;
    /// What chat has no word for, whatever the provider; what the client's own dialect
    /// has none for is in `Dialect::lacks`.
    const GAPS: Gaps = &[];
    /// Instead of `GAPS`, at these providers.
    const GAPS_AT: &'static [(Dialect, Gaps)] = &[];
    /// Its streams tell what went in when they begin, where the provider does.
    const EARLY_USAGE: bool = false;
    /// What becomes of each top-level field on its way to chat.
    const FIELDS: &'static [Field];
    type Writer: Writer + 'static;

    /// The client's request as a chat request, for a provider of `upstream`. When
    /// streaming it must ask for usage (`stream_options.include_usage`).
    fn request(request: &Request<'_>, upstream: Dialect) -> Result<ChatRequest, Error>;

    /// A whole completion in the client's words.
    fn response(
        completion: &Completion<'_>,
        usage: &Usage,
        reply: &Reply,
    ) -> Result<Vec<u8>, Error>;
}

/// A client's request, as chat.
#[derive(Debug, Default)]
pub struct ChatRequest {
    pub body: Vec<u8>,
    /// Names of client fields that chat does not carry.
    pub dropped: Vec<Lost>,
    /// What the answer must repeat of the request: `Reply::echo`.
    pub echo: Vec<u8>,
}

/// Writes a client's stream from the chunks of a chat stream.
pub trait Writer {
    fn new(reply: &Reply) -> Self;

    /// One chunk; the usage chunk, too (it has no choices). `progress`: what is
    /// known so far, usage included.
    fn chunk(&mut self, chunk: &Chunk<'_>, progress: &Progress, out: &mut Vec<u8>);

    /// The provider is alive.
    fn ping(&mut self, out: &mut Vec<u8>);

    /// The answer is complete: closes what is open. Called once.
    fn finish(&mut self, progress: &Progress, out: &mut Vec<u8>);

    /// The answer has failed: an error event, if the dialect has one. Called once,
    /// and nothing after it.
    fn fail(&mut self, error: &Error, out: &mut Vec<u8>);

    /// What it has told the client, where it gave up by itself: an answer that chat can
    /// say and this dialect cannot.
    fn gave_up(&self) -> Option<&Error> {
        None
    }
}

/// Whether a tool that failed can be told there (`is_error` of its message) in another
/// way than by words.
pub fn tells_failures(upstream: Dialect, maker: Maker) -> bool {
    match upstream {
        Dialect::BedrockConverse => matches!(maker, Maker::Amazon | Maker::Anthropic),
        Dialect::OpenAiChat | Dialect::OpenAiResponses | Dialect::CohereChat => false,
        _ => true,
    }
}

/// Whether the results of tools are text alone there.
pub fn has_plain_results(upstream: Dialect) -> bool {
    matches!(upstream, Dialect::OpenAiChat | Dialect::CohereChat)
}

/// A row that takes a chat.
pub trait Outbound: 'static {
    const ROW: &'static Translator;
}

/// The row of a client half and a chat row.
pub struct Through<I, O>(PhantomData<(I, O)>);

impl<I: Inbound, O: Outbound> Through<I, O> {
    pub const ROW: Translator = Translator {
        client: I::CLIENT,
        upstream: O::ROW.upstream,
        gaps: O::ROW.gaps,
        client_gaps: gaps_at(O::ROW.upstream, I::GAPS_AT, I::GAPS),
        request: request::<I, O>,
        reads: None,
        response: response::<I, O>,
        error: |status, body| {
            let mut understood = (O::ROW.error)(status, body);
            understood.verbatim = false;
            understood
        },
        stream: |reply| Box::new(Stream::<I>::new((O::ROW.stream)(&as_chat::<I>(reply)), reply)),
        fields: I::FIELDS,
    };
}

const fn gaps_at(upstream: Dialect, at: &[(Dialect, Gaps)], otherwise: Gaps) -> Gaps {
    match at {
        [(dialect, gaps), ..] if *dialect as u8 == upstream as u8 => gaps,
        [_, rest @ ..] => gaps_at(upstream, rest, otherwise),
        [] => otherwise,
    }
}

fn request<I: Inbound, O: Outbound>(request: &Request<'_>) -> Result<UpstreamRequest, Error> {
    let chat = I::request(request, O::ROW.upstream)?;
    let facts = Facts::read(&chat.body)?;
    features::check(O::ROW.gaps, &facts)?;
    let hop = Request { body: &chat.body, facts: &facts, ..*request };
    let mut made = (O::ROW.request)(&hop)?;
    if let Body::Spliced(splices) = &made.body {
        made.body = Body::Whole(json::splice(&chat.body, splices));
    }
    let mut dropped = chat.dropped;
    dropped.extend(made.dropped);
    Ok(UpstreamRequest { dropped, echo: chat.echo, ..made })
}

fn response<I: Inbound, O: Outbound>(body: &[u8], reply: &Reply) -> Result<ClientResponse, Error> {
    let answer = (O::ROW.response)(body, &as_chat::<I>(reply))?;
    let completion = answer.body.as_deref().unwrap_or(body);
    let completion = Completion::read(completion)?;
    let body = I::response(&completion, &answer.usage, reply)?;
    Ok(ClientResponse { body: Some(body), usage: answer.usage })
}

/// What the provider's half may know: usage is always wanted, as the client's own
/// dialect always tells it.
fn as_chat<I: Inbound>(reply: &Reply) -> Reply {
    Reply { include_usage: true, early_usage: I::EARLY_USAGE, ..reply.clone() }
}

/// A provider's stream as chat, and the client's as its writer has it.
struct Stream<I: Inbound> {
    chat: Box<dyn StreamTranslator>,
    /// Chat bytes between the two.
    between: Vec<u8>,
    decoder: Decoder,
    writer: I::Writer,
    /// Nothing of the provider's half is for the writer any more.
    over: bool,
    ended: bool,
    /// How it stands since the writer gave up.
    gave_up: Option<Progress>,
}

// === impl Stream ===

impl<I: Inbound> Stream<I> {
    fn new(chat: Box<dyn StreamTranslator>, reply: &Reply) -> Self {
        Self {
            chat,
            between: Vec::new(),
            decoder: Decoder::new(super::openai::MAX_EVENT),
            writer: I::Writer::new(reply),
            over: false,
            ended: false,
            gave_up: None,
        }
    }

    /// Writes on what the provider's half has said.
    fn pass_on(&mut self, chat: &[u8], out: &mut Vec<u8>) {
        let (writer, progress, ended) = (&mut self.writer, self.chat.progress(), &mut self.over);
        // Too long an event: the provider's half bounds its own.
        let _ = self.decoder.feed(chat, |event| said::<I>(&event, writer, progress, ended, out));
        self.end(out);
        if let Some(error) = self.writer.gave_up() {
            let failed = Some(error.clone());
            let progress = self.chat.progress().clone();
            self.gave_up = Some(Progress { failed, complete: false, ..progress });
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        if self.ended {
            return;
        }
        let progress = self.chat.progress();
        self.over |= progress.failed.is_some() || progress.complete;
        if let Some(error) = &progress.failed {
            self.ended = true;
            self.writer.fail(error, out);
        } else if progress.complete {
            self.ended = true;
            self.writer.finish(progress, out);
        }
    }
}

/// One event of the chat stream. Errors and `[DONE]` are told by progress.
fn said<I: Inbound>(
    event: &Event<'_>,
    writer: &mut I::Writer,
    progress: &Progress,
    ended: &mut bool,
    out: &mut Vec<u8>,
) {
    if *ended {
        return;
    }
    let Some(data) = event.data.as_deref() else {
        if event.raw.starts_with(b":") {
            writer.ping(out);
        }
        return;
    };
    let data = data.trim_ascii();
    if data == b"[DONE]" {
        // A provider may still say that it is alive: to nobody.
        *ended = true;
    }
    if let Ok(chunk) = serde_json::from_slice::<Chunk<'_>>(data)
        && chunk.error.is_none()
    {
        writer.chunk(&chunk, progress, out);
    }
}

impl<I: Inbound> StreamTranslator for Stream<I> {
    fn feed(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Feed {
        let mut between = std::mem::take(&mut self.between);
        between.clear();
        match self.chat.feed(chunk, &mut between) {
            Feed::Same => self.pass_on(chunk, out),
            Feed::Changed => self.pass_on(&between, out),
        }
        self.between = between;
        Feed::Changed
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        let mut between = Vec::new();
        self.chat.finish(&mut between);
        self.pass_on(&between, out);
        if !self.ended {
            self.ended = true;
            let words = "the provider's stream ended before the answer was complete";
            self.writer.fail(&Error::new(Kind::BrokenStream, words), out);
        }
    }

    fn progress(&self) -> &Progress {
        self.gave_up.as_ref().unwrap_or_else(|| self.chat.progress())
    }
}
