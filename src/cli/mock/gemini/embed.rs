//! Reads a `BatchEmbedContentsRequest`.
//!
//! <https://ai.google.dev/api/embeddings#method:-models.batchembedcontents>

use crate::cli::mock::answer::Embed;
use crate::cli::mock::vendor::Failure;

use super::fields::{Object, array, integer, object, only, string, sub};

pub(super) fn read<'a>(
    body: &'a Object,
    model: &str,
    input: &mut usize,
) -> Result<Embed<'a>, Failure> {
    only(body, "", &["model", "requests"])?;
    let requests = array(body, "", "requests")?;
    if requests.is_empty() || requests.len() > MOST {
        return Err(bad("requests", "at least one and at most 100 requests can be in one batch"));
    }
    let mut embed = Embed { texts: Vec::new(), dimensions: DEFAULT };
    for (n, request) in requests.iter().enumerate() {
        let path = format!("requests[{n}]");
        let request = object(request, &path)?;
        only(request, &path, &["model", "content", "taskType", "title", "outputDimensionality"])?;
        if string(request, &path, "model")?.and_then(|m| m.strip_prefix("models/")) != Some(model) {
            let problem = "must match the model in BatchEmbedContentsRequest.";
            return Err(bad(&format!("{path}.model"), problem));
        }
        if let Some(wanted) = integer(request, &path, "outputDimensionality", 1)? {
            embed.dimensions = (wanted.unsigned_abs() as usize).min(LARGEST);
        }
        let mut text = None;
        if let Some(content) = sub(request, &path, "content", &["role", "parts"])? {
            for part in array(content, &path, "parts")? {
                text = string(object(part, &path)?, &path, "text")?.filter(|t| !t.is_empty());
            }
        }
        let Some(text) = text else {
            return Err(Failure::bad("* EmbedContentRequest.content contains an empty Part.\n"));
        };
        *input += text.len();
        embed.texts.push(text);
    }
    Ok(embed)
}

fn bad(path: &str, problem: &str) -> Failure {
    Failure::bad(format!("* BatchEmbedContentsRequest.{path}: {problem}\n"))
}

const MOST: usize = 100;
/// Of gemini-embedding-001.
const LARGEST: usize = 3072;
/// Short, for a mock.
const DEFAULT: usize = 16;
