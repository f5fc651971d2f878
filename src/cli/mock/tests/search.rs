//! Embeddings and ranks of Voyage, Jina, Vertex and Bedrock: each answers in its own
//! shape and refuses what only the others take.

use super::*;

/// A body is asked of a host and a path; what comes back, or what is said of it.
async fn ask(server: &Server, host: &str, path: &str, body: &Value) -> Seen {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer k\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.to_string().len()
    );
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    parse(&bytes)
}

const VOYAGE: (&str, &str) = ("api.voyageai.com", "/v1/embeddings");
const JINA: (&str, &str) = ("api.jina.ai", "/v1/embeddings");
const MISTRAL: (&str, &str) = ("api.mistral.ai", "/v1/embeddings");
const VERTEX: (&str, &str) =
    ("", "/v1/projects/p/locations/l/publishers/google/models/text-embedding-005:predict");
const TITAN: (&str, &str) = ("", "/model/amazon.titan-embed-text-v2%3A0/invoke");
const TITAN_ONE: (&str, &str) = ("", "/model/amazon.titan-embed-text-v1/invoke");
const NOVA: (&str, &str) = ("", "/model/amazon.nova-2-multimodal-embeddings-v1%3A0/invoke");
const COHERE: (&str, &str) = ("", "/model/cohere.embed-english-v3/invoke");
const RERANK: (&str, &str) = ("", "/model/cohere.rerank-v3-5%3A0/invoke");

fn nova(purpose: &str) -> Value {
    json!({"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams":
        {"embeddingPurpose": purpose, "text": {"truncationMode": "NONE", "value": "x"}}})
}

#[tokio::test]
async fn each_answers_in_its_own_shape() {
    let server = server().await;
    let documents = json!(["bread", "the capital"]);
    for ((host, path), body, place) in [
        (
            VOYAGE,
            json!({"model": "m", "input": "x", "encoding_format": "base64"}),
            "/data/0/embedding",
        ),
        (
            VOYAGE,
            json!({"model": "m", "input": ["x"], "output_dimension": 8}),
            "/data/0/embedding/7",
        ),
        (
            JINA,
            json!({"model": "m", "input": ["x"], "embedding_type": "float"}),
            "/data/0/embedding/0",
        ),
        (
            VERTEX,
            json!({"instances": [{"content": "x", "task_type": "CLUSTERING"}]}),
            "/predictions/0/embeddings/values/0",
        ),
        (TITAN, json!({"inputText": "x", "dimensions": 256}), "/embeddingsByType/float/255"),
        (TITAN_ONE, json!({"inputText": "x"}), "/inputTextTokenCount"),
        (NOVA, nova("GENERIC_INDEX"), "/embeddings/0/embedding/0"),
        (COHERE, json!({"texts": ["x"], "input_type": "clustering"}), "/embeddings/0/0"),
        (
            RERANK,
            json!({"query": "capital", "documents": documents, "api_version": 2}),
            "/results/1/index",
        ),
        (
            ("api.voyageai.com", "/v1/rerank"),
            json!({"model": "m", "query": "capital", "documents": documents, "top_k": 1}),
            "/data/0/index",
        ),
        (
            ("", "/v1/rerank"),
            json!({"model": "m", "query": "capital", "documents": documents}),
            "/results/0/document/text",
        ),
    ] {
        let seen = ask(&server, host, path, &body).await;
        assert_eq!(seen.status, 200, "{host}{path}: {}", seen.text());
        assert!(seen.json().pointer(place).is_some(), "{host}{path}: {}", seen.text());
        let counts = seen.header("x-amzn-bedrock-input-token-count");
        assert_eq!(counts.is_some(), path.ends_with("/invoke"), "{path}");
    }
}

#[tokio::test]
async fn each_refuses_the_others_words() {
    let server = server().await;
    let many = vec!["x"; 1001];
    for ((host, path), body, words) in [
        (VOYAGE, json!({"model": "m", "input": "x", "encoding_format": "float"}), "base64"),
        (VOYAGE, json!({"model": "m", "input": "x", "dimensions": 8}), "'dimensions'"),
        (VOYAGE, json!({"model": "m", "input": [1, 2]}), "strings"),
        (VOYAGE, json!({"model": "m", "input": many}), "1000"),
        (JINA, json!({"model": "m", "input": "x", "encoding_format": "base64"}), "extra fields"),
        (MISTRAL, json!({"model": "m", "input": "x", "dimensions": 8}), "dimensions"),
        (VERTEX, json!({"instances": [{"content": ""}]}), "empty"),
        (VERTEX, json!({"instances": [{"content": "x", "text": "y"}]}), "Unknown name"),
        (VERTEX, json!({"input": "x"}), "Unknown name"),
        (TITAN, json!({"inputText": "x", "dimensions": 7}), "not a valid enum"),
        (TITAN, json!({"inputText": ["x"]}), "must be a string"),
        (TITAN_ONE, json!({"inputText": "x", "dimensions": 256}), "[dimensions]"),
        (NOVA, nova("SEARCH"), "embeddingPurpose"),
        (COHERE, json!({"texts": ["x"]}), "[input_type]"),
        (
            COHERE,
            json!({"texts": ["x"], "input_type": "clustering", "output_dimension": 256}),
            "[output_dimension]",
        ),
        (COHERE, json!({"texts": ["x"], "input_type": "clustering", "model": "m"}), "[model]"),
        (RERANK, json!({"query": "x", "documents": ["a"]}), "[api_version]"),
        (RERANK, json!({"query": "x", "documents": [], "api_version": 2}), "documents"),
        (
            ("api.voyageai.com", "/v1/rerank"),
            json!({"model": "m", "query": "x", "documents": ["a"], "top_n": 1}),
            "'top_n'",
        ),
        (
            ("api.voyageai.com", "/v1/rerank"),
            json!({"model": "m", "query": "x", "documents": [{"text": "a"}]}),
            "documents",
        ),
        (("", "/v1/rerank"), json!({"model": "m", "query": "x", "documents": []}), "documents"),
    ] {
        let seen = ask(&server, host, path, &body).await;
        assert!(matches!(seen.status, 400 | 422), "{host}{path} {body}: {}", seen.text());
        assert!(seen.text().contains(words), "{host}{path}: {}", seen.text());
    }
}
