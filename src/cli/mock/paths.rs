//! Which vendor a path belongs to, and what else it says: some put the model, and
//! whether to stream, where others put nothing.

use hyper::Uri;

use super::anthropic::Cloud;
use super::azure;
use super::bedrock::vectors::Invoked;
use super::faults::percent_decode;
use super::openai::modalities::Modality;
use super::search::Search;
use super::vendor::Vendor;

/// What a path says of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) vendor: Vendor,
    /// `None`: the body names it.
    pub(super) model: Option<String>,
    pub(super) verb: Verb,
}

/// The operation, where the path tells more than one of a vendor apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    /// The body says whether to stream.
    Chat,
    Stream,
    Embed,
    Predict,
    /// Tokens are counted.
    Count,
    /// The same at Vertex, for Gemini.
    VertexCount,
}

/// `None`: nothing is there.
pub(super) fn address(uri: &Uri, host: &str) -> Option<Address> {
    let of = |vendor| Some(Address { vendor, model: None, verb: Verb::Chat });
    if let Some(modality) = Modality::of(uri.path()) {
        return of(Vendor::Modality(modality));
    }
    if let Some(search) = Search::of(host, uri.path()).filter(|_| uri.path() != "/v2/rerank") {
        return of(Vendor::Search(search));
    }
    let counter = |vendor| Some(Address { vendor, model: None, verb: Verb::Count });
    match uri.path() {
        "/v1/messages" => of(Vendor::Anthropic),
        "/v1/messages/count_tokens" => counter(Vendor::Anthropic),
        "/v1/responses/input_tokens" => counter(Vendor::Responses),
        "/v2/chat" => of(Vendor::Cohere),
        "/v2/embed" => of(Vendor::CohereEmbed),
        "/v2/rerank" => of(Vendor::CohereRerank),
        "/openai/v1/chat/completions" => of(Vendor::Azure),
        "/openai/v1/responses" => of(Vendor::AzureResponses),
        "/openai/v1/embeddings" => {
            Some(Address { vendor: Vendor::Azure, model: None, verb: Verb::Embed })
        }
        path if azure::owns(path) => azure::address(uri),
        // Imitators have them under other bases, such as /api/paas/v4.
        path if path.ends_with("/chat/completions") => of(Vendor::OpenAi),
        path if path.ends_with("/completions") => of(Vendor::OpenAiCompletions),
        path if path.ends_with("/embeddings") => of(Vendor::OpenAiEmbeddings),
        path if path.ends_with("/responses") => of(Vendor::Responses),
        path => gemini(path)
            .or_else(|| bedrock(path))
            .or_else(|| invoked(path))
            .or_else(|| claude(path)),
    }
}

/// `/model/M/invoke` of a model that embeds or ranks.
fn invoked(path: &str) -> Option<Address> {
    let model = percent_decode(path.strip_prefix("/model/")?.strip_suffix("/invoke")?)?;
    let vendor = Vendor::Invoked(Invoked::of(&model)?);
    Some(Address { vendor, model: Some(model), verb: Verb::Chat })
}

/// `.../publishers/anthropic/models/M:rawPredict` at Vertex, `/model/M/invoke` at
/// Bedrock, and their streams.
fn claude(path: &str) -> Option<Address> {
    let vertex = || {
        let (_, rest) = path.rsplit_once("/publishers/anthropic/models/")?;
        Some((Cloud::Vertex, rest.rsplit_once(':')?))
    };
    let bedrock = || Some((Cloud::Bedrock, path.strip_prefix("/model/")?.rsplit_once('/')?));
    let (cloud, (model, verb)) = vertex().or_else(bedrock)?;
    if (cloud, model, verb) == (Cloud::Vertex, "count-tokens", "rawPredict") {
        // The body names the model.
        return Some(Address { vendor: Vendor::Claude(cloud), model: None, verb: Verb::Count });
    }
    let verb = match (cloud, verb) {
        (Cloud::Vertex, "rawPredict") | (Cloud::Bedrock, "invoke") => Verb::Chat,
        (Cloud::Vertex, "streamRawPredict") | (Cloud::Bedrock, "invoke-with-response-stream") => {
            Verb::Stream
        }
        _ => return None,
    };
    let model = percent_decode(model)?;
    Some(Address { vendor: Vendor::Claude(cloud), model: Some(model), verb })
}

/// `/v1beta/models/M:generateContent`, and Vertex's longer ones. A stream is always SSE
/// here; without `alt=sse` the real one is an array.
fn gemini(path: &str) -> Option<Address> {
    let (before, rest) = path.rsplit_once("/models/")?;
    let (model, verb) = rest.rsplit_once(':')?;
    let verb = match verb {
        "generateContent" => Verb::Chat,
        "streamGenerateContent" => Verb::Stream,
        "batchEmbedContents" => Verb::Embed,
        "predict" => Verb::Predict,
        "countTokens" if before.ends_with("/publishers/google") => Verb::VertexCount,
        "countTokens" => Verb::Count,
        _ => return None,
    };
    let model = percent_decode(model)?;
    Some(Address { vendor: Vendor::Gemini, model: Some(model), verb })
}

/// `/model/M/converse`: the model is one segment, whatever is escaped in it.
fn bedrock(path: &str) -> Option<Address> {
    let (model, verb) = path.strip_prefix("/model/")?.split_once('/')?;
    let verb = match verb {
        "converse" => Verb::Chat,
        "converse-stream" => Verb::Stream,
        "count-tokens" => Verb::Count,
        _ => return None,
    };
    let model = percent_decode(model)?;
    Some(Address { vendor: Vendor::Bedrock, model: Some(model), verb })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_model_in_the_path() {
        let find = |path: &'static str| {
            let found = address(&Uri::from_static(path), "")?;
            Some((found.vendor, found.model.unwrap_or_default(), found.verb))
        };
        let gemini = |model: &str, verb| Some((Vendor::Gemini, model.to_owned(), verb));
        assert_eq!(find("/v1/messages"), Some((Vendor::Anthropic, String::new(), Verb::Chat)));
        assert_eq!(
            find("/v1beta/models/m%21status%3D429:streamGenerateContent?alt=sse"),
            gemini("m!status=429", Verb::Stream)
        );
        assert_eq!(
            find("/v1/projects/p/locations/l/publishers/google/models/m:generateContent"),
            gemini("m", Verb::Chat)
        );
        assert_eq!(find("/v1beta/models/m:batchEmbedContents"), gemini("m", Verb::Embed));
        assert_eq!(
            find("/v1/projects/p/locations/l/publishers/anthropic/models/m@1:streamRawPredict"),
            Some((Vendor::Claude(Cloud::Vertex), "m@1".to_owned(), Verb::Stream))
        );
        assert_eq!(
            find("/model/a.m-v1%3A0/invoke"),
            Some((Vendor::Claude(Cloud::Bedrock), "a.m-v1:0".to_owned(), Verb::Chat))
        );
        assert_eq!(find("/v1beta/models/m:countTokens"), gemini("m", Verb::Count));
        let count = "/v1/projects/p/locations/l/publishers/google/models/m:countTokens";
        assert_eq!(find(count), gemini("m", Verb::VertexCount));
        let count =
            "/v1/projects/p/locations/l/publishers/anthropic/models/count-tokens:rawPredict";
        let claude = Vendor::Claude(Cloud::Vertex);
        assert_eq!(find(count), Some((claude, String::new(), Verb::Count)));
        assert_eq!(find("/v1beta/models/m:tune"), None);
        assert_eq!(find("/v1/nothing"), None);
        let arn = "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fx/converse";
        let arn_read = "arn:aws:bedrock:us-east-1:1:inference-profile/x".to_owned();
        assert_eq!(find(arn), Some((Vendor::Bedrock, arn_read, Verb::Chat)));
        let stream = Some((Vendor::Bedrock, "m:0".to_owned(), Verb::Stream));
        assert_eq!(find("/model/m:0/converse-stream"), stream);
    }
}
