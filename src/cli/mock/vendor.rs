//! The vendors' operations, and what they share: failures and stream events.
//!
//! A closed enum, because the list of shapes is short and each caller needs
//! both of any pair (`other`, for `wrong-dialect`). A vendor reads a request
//! into an `Ask`, and writes an `Answer` or a `Failure`; it does no IO.

use serde_json::Value;

use super::answer::{Answer, Ask};
use super::anthropic::Cloud;
use super::bedrock::vectors::Invoked;
use super::openai::modalities::Modality;
use super::paths::{Address, Verb};
use super::record::Entry;
use super::search::Search;
use super::{anthropic, azure, bedrock, cohere, count, gemini, openai, responses, search};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Vendor {
    OpenAi,
    /// The older ones.
    OpenAiCompletions,
    OpenAiEmbeddings,
    Anthropic,
    /// Anthropic's models, on a cloud.
    Claude(Cloud),
    Gemini,
    Bedrock,
    Cohere,
    CohereEmbed,
    CohereRerank,
    /// Voyage and Jina.
    Search(Search),
    /// Models at Bedrock that embed and rank.
    Invoked(Invoked),
    /// OpenAI's other API.
    Responses,
    Azure,
    AzureResponses,
    /// OpenAI's APIs beside text.
    Modality(Modality),
}

/// What a vendor answers instead of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) status: u16,
    pub(super) message: String,
    /// OpenAI's `error.code`, Anthropic's `error.type`, Google's `error.status`, Cohere's
    /// `error_type`.
    pub(super) code: Option<String>,
    /// OpenAI's `error.param`.
    pub(super) param: Option<String>,
}

/// One event of a stream, before it is bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) kind: Kind,
    /// The `event:` line; none where empty. In AWS's framing the event's type, or
    /// behind `!` an exception's.
    pub(super) name: &'static str,
    pub(super) framing: Framing,
    pub(super) data: String,
}

/// How events become bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    Sse,
    /// `application/vnd.amazon.eventstream`
    Aws,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Frame,
    /// Carries a piece of the answer: what delays and breaks count.
    Content,
    /// OpenAI's `[DONE]`, Anthropic's `message_stop`, Bedrock's `metadata`.
    Done,
}

// === impl Vendor ===

impl Vendor {
    pub(super) fn other(self) -> Vendor {
        match self {
            Vendor::OpenAi
            | Vendor::OpenAiCompletions
            | Vendor::Responses
            | Vendor::Azure
            | Vendor::AzureResponses
            | Vendor::Modality(_) => Vendor::Anthropic,
            Vendor::OpenAiEmbeddings | Vendor::CohereRerank => Vendor::CohereEmbed,
            Vendor::CohereEmbed | Vendor::Search(_) | Vendor::Invoked(_) => {
                Vendor::OpenAiEmbeddings
            }
            Vendor::Anthropic
            | Vendor::Claude(_)
            | Vendor::Gemini
            | Vendor::Bedrock
            | Vendor::Cohere => Vendor::OpenAi,
        }
    }

    pub(super) fn authorize(self, entry: &Entry) -> Result<(), Failure> {
        let headers = &entry.headers;
        match self {
            Vendor::OpenAi
            | Vendor::OpenAiCompletions
            | Vendor::OpenAiEmbeddings
            | Vendor::Search(_)
            | Vendor::Responses => openai::authorize(headers),
            Vendor::Azure | Vendor::AzureResponses => azure::authorize(headers),
            // Azure's are under its own roof.
            Vendor::Modality(_) if azure::owns(entry.uri.path()) => azure::authorize(headers),
            Vendor::Modality(_) => openai::authorize(headers),
            Vendor::Anthropic => anthropic::authorize(headers),
            Vendor::Claude(cloud) => cloud.authorize(entry),
            Vendor::Gemini => gemini::authorize(headers),
            Vendor::Bedrock | Vendor::Invoked(_) => bedrock::authorize(entry),
            Vendor::Cohere | Vendor::CohereEmbed | Vendor::CohereRerank => {
                cohere::authorize(headers)
            }
        }
    }

    pub(super) fn ask<'a>(self, body: &'a Value, address: &'a Address) -> Result<Ask<'a>, Failure> {
        if matches!(address.verb, Verb::Count | Verb::VertexCount) {
            return count::ask(self, body, address);
        }
        match self {
            Vendor::OpenAi => openai::ask(body),
            Vendor::OpenAiCompletions => openai::completions::ask(body),
            Vendor::OpenAiEmbeddings => openai::embeddings::ask(body),
            Vendor::Modality(modality) => modality.ask(body),
            Vendor::Azure => azure::ask(body, address),
            Vendor::Responses | Vendor::AzureResponses => responses::ask(body),
            Vendor::Anthropic => anthropic::ask(body),
            Vendor::Claude(cloud) => cloud.ask(body, address),
            Vendor::Gemini => gemini::ask(body, address),
            Vendor::Bedrock => bedrock::ask(body, address),
            Vendor::Cohere => cohere::ask(body),
            Vendor::CohereEmbed => cohere::vectors::ask_embed(body),
            Vendor::CohereRerank => cohere::vectors::ask_rerank(body),
            Vendor::Search(search) => search.ask(body),
            Vendor::Invoked(invoked) => invoked.ask(body, address),
        }
    }

    /// A whole answer's body.
    pub(super) fn whole(self, ask: &Ask<'_>, answer: &Answer) -> String {
        if let Some(tokens) = ask.counted {
            return count::whole(self, tokens);
        }
        match self {
            Vendor::OpenAi => openai::whole(ask, answer),
            Vendor::OpenAiCompletions => openai::completions::whole(ask, answer),
            Vendor::OpenAiEmbeddings => openai::embeddings::whole(ask, answer),
            Vendor::Anthropic | Vendor::Claude(_) => anthropic::whole(ask, answer),
            Vendor::Modality(modality) => modality.whole(ask, answer),
            Vendor::Azure => azure::whole(ask, answer),
            Vendor::Responses | Vendor::AzureResponses => responses::whole(ask, answer),
            Vendor::Gemini => gemini::whole(ask, answer),
            Vendor::Bedrock => bedrock::whole(ask, answer),
            Vendor::Cohere => cohere::whole(ask, answer),
            Vendor::CohereEmbed => cohere::vectors::embeddings(ask, answer),
            Vendor::CohereRerank => cohere::vectors::ranks(ask, answer),
            Vendor::Search(search) => search.whole(ask, answer),
            Vendor::Invoked(invoked) => invoked.whole(ask, answer),
        }
    }

    /// An answer that is not JSON: its content type and its bytes.
    pub(super) fn file(self, ask: &Ask<'_>, answer: &Answer) -> Option<(&'static str, Vec<u8>)> {
        match self {
            Vendor::Modality(modality) => modality.file(ask, answer),
            _ => None,
        }
    }

    /// A streamed answer.
    pub(super) fn events(self, ask: &Ask<'_>, answer: &Answer) -> Vec<Event> {
        match self {
            Vendor::OpenAi => openai::events(ask, answer),
            Vendor::OpenAiCompletions => openai::completions::events(ask, answer),
            Vendor::Modality(modality) => modality.events(ask, answer),
            Vendor::Azure => azure::events(ask, answer),
            Vendor::Responses | Vendor::AzureResponses => responses::events(ask, answer),
            Vendor::Anthropic => anthropic::events(ask, answer),
            Vendor::Claude(cloud) => cloud.events(ask, answer),
            Vendor::Gemini => gemini::events(ask, answer),
            Vendor::Bedrock => bedrock::events(ask, answer),
            Vendor::Cohere => cohere::events(ask, answer),
            // These never stream, so nobody asks.
            Vendor::OpenAiEmbeddings
            | Vendor::CohereEmbed
            | Vendor::CohereRerank
            | Vendor::Search(_)
            | Vendor::Invoked(_) => Vec::new(),
        }
    }

    /// A failure's body.
    pub(super) fn failure(self, failure: &Failure) -> String {
        match self {
            Vendor::OpenAi
            | Vendor::OpenAiCompletions
            | Vendor::OpenAiEmbeddings
            | Vendor::Modality(_)
            | Vendor::Responses => openai::failure(failure),
            Vendor::Azure | Vendor::AzureResponses => azure::failure(failure),
            Vendor::Anthropic => anthropic::failure(failure),
            Vendor::Claude(cloud) => cloud.failure(failure),
            Vendor::Gemini => gemini::failure(failure),
            Vendor::Bedrock | Vendor::Invoked(_) => bedrock::failure(failure),
            Vendor::Search(_) => search::failure(failure),
            Vendor::Cohere | Vendor::CohereEmbed | Vendor::CohereRerank => cohere::failure(failure),
        }
    }

    /// A failure within a stream: what the vendor says when it breaks down.
    pub(super) fn failure_event(self, code: Option<&str>) -> Event {
        let (name, status, message) = match self {
            Vendor::OpenAi
            | Vendor::OpenAiCompletions
            | Vendor::OpenAiEmbeddings
            | Vendor::Modality(_)
            | Vendor::Azure => ("", 500, openai::BROKEN),
            Vendor::Responses | Vendor::AzureResponses => return responses::failure_event(code),
            Vendor::Anthropic | Vendor::Claude(Cloud::Vertex) => ("error", 529, "Overloaded"),
            Vendor::Bedrock | Vendor::Invoked(_) | Vendor::Claude(Cloud::Bedrock) => {
                return bedrock::failure_event(code);
            }
            Vendor::Gemini => ("", 503, "The model is overloaded. Please try again later."),
            Vendor::Cohere => return cohere::failure_event(),
            Vendor::CohereEmbed | Vendor::CohereRerank | Vendor::Search(_) => {
                ("", 500, "internal server error")
            }
        };
        let mut failure = Failure::new(status, message);
        failure.code = code.map(str::to_owned);
        Event::new(Kind::Frame, name, self.failure(&failure))
    }

    /// How its streams are framed.
    pub(super) fn framing(self) -> Framing {
        match self {
            Vendor::Bedrock | Vendor::Claude(Cloud::Bedrock) => Framing::Aws,
            _ => Framing::Sse,
        }
    }

    /// What a header says of a failure beside its status.
    pub(super) fn error_header(self, failure: &Failure) -> Option<(&'static str, &str)> {
        match self {
            Vendor::Bedrock | Vendor::Invoked(_) | Vendor::Claude(Cloud::Bedrock) => {
                Some(("x-amzn-errortype", bedrock::error_type(failure)))
            }
            _ => None,
        }
    }

    /// The header that counts what went in, where there is one.
    pub(super) fn count_header(self) -> Option<&'static str> {
        matches!(self, Vendor::Invoked(_)).then_some("x-amzn-bedrock-input-token-count")
    }

    /// The name of the response header with the request's id, where there is one.
    pub(super) fn id_header(self) -> Option<&'static str> {
        match self {
            Vendor::OpenAi
            | Vendor::OpenAiCompletions
            | Vendor::OpenAiEmbeddings
            | Vendor::Modality(_)
            | Vendor::Responses => Some("x-request-id"),
            Vendor::Azure | Vendor::AzureResponses => Some("apim-request-id"),
            Vendor::Anthropic => Some("request-id"),
            Vendor::Cohere | Vendor::CohereEmbed | Vendor::CohereRerank => Some("x-debug-trace-id"),
            Vendor::Gemini | Vendor::Search(_) | Vendor::Claude(Cloud::Vertex) => None,
            Vendor::Bedrock | Vendor::Invoked(_) | Vendor::Claude(Cloud::Bedrock) => {
                Some("x-amzn-requestid")
            }
        }
    }
}

// === impl Failure ===

impl Failure {
    pub(super) fn new(status: u16, message: impl Into<String>) -> Failure {
        Failure { status, message: message.into(), code: None, param: None }
    }

    pub(super) fn bad(message: impl Into<String>) -> Failure {
        Failure::new(400, message)
    }

    pub(super) fn code(mut self, code: &str) -> Failure {
        self.code = Some(code.to_owned());
        self
    }

    pub(super) fn param(mut self, param: impl Into<String>) -> Failure {
        self.param = Some(param.into());
        self
    }
}

// === impl Event ===

impl Event {
    pub(super) fn new(kind: Kind, name: &'static str, data: String) -> Event {
        Event { kind, name, framing: Framing::Sse, data }
    }

    pub(super) fn framed(kind: Kind, name: &'static str, data: String) -> Event {
        Event { kind, name, framing: Framing::Aws, data }
    }
}

/// A JSON string.
pub(super) fn quote(text: &str) -> String {
    // Strings always serialize.
    serde_json::to_string(text).unwrap_or_default()
}

/// A JSON string, or null.
pub(super) fn quote_or_null(text: Option<&str>) -> String {
    text.map_or_else(|| "null".to_owned(), quote)
}
