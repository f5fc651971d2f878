//! Which vendor a path belongs to, and what else it says: some put the model, and
//! whether to stream, where others put nothing.

use hyper::Uri;

use super::faults::percent_decode;
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
}

/// `None`: nothing is there.
pub(super) fn address(uri: &Uri) -> Option<Address> {
    let of = |vendor| Some(Address { vendor, model: None, verb: Verb::Chat });
    match uri.path() {
        // Imitators have it under other bases, such as /openai/v1 or /api/paas/v4.
        path if path.ends_with("/chat/completions") => of(Vendor::OpenAi),
        "/v1/messages" => of(Vendor::Anthropic),
        path => gemini(path).or_else(|| bedrock(path)),
    }
}

/// `/v1beta/models/M:generateContent`, and Vertex's longer ones. A stream is always SSE
/// here; without `alt=sse` the real one is an array.
fn gemini(path: &str) -> Option<Address> {
    let (_, rest) = path.rsplit_once("/models/")?;
    let (model, verb) = rest.rsplit_once(':')?;
    let verb = match verb {
        "generateContent" => Verb::Chat,
        "streamGenerateContent" => Verb::Stream,
        "batchEmbedContents" => Verb::Embed,
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
            let found = address(&Uri::from_static(path))?;
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
        assert_eq!(find("/v1beta/models/m:countTokens"), None);
        assert_eq!(find("/v1/nothing"), None);
        let arn = "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fx/converse";
        let arn_read = "arn:aws:bedrock:us-east-1:1:inference-profile/x".to_owned();
        assert_eq!(find(arn), Some((Vendor::Bedrock, arn_read, Verb::Chat)));
        let stream = Some((Vendor::Bedrock, "m:0".to_owned(), Verb::Stream));
        assert_eq!(find("/model/m:0/converse-stream"), stream);
    }
}
