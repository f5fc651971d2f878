//! The handle, the control endpoints, and what is recorded.

use super::*;

#[tokio::test]
async fn records_requests() {
    let server = server().await;
    post(&server, CHAT, chat("hi")).await;
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    let request = &requests[0];
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", CHAT));
    assert_eq!(request.header("authorization"), Some("Bearer sk"));
    assert_eq!(request.model, "gpt-5-mini");
    assert_eq!(serde_json::from_slice::<Value>(&request.body).unwrap(), chat("hi"));
    assert_eq!((request.finished, request.aborted), (true, false));

    let seen = call(&server, "GET", "/mock/requests", "", "").await;
    assert_eq!(seen.json()[0]["body"], chat("hi").to_string());
    let seen = call(&server, "GET", "/mock/counts", "", "").await;
    assert_eq!(seen.json(), json!({"gpt-5-mini": 1}));
    call(&server, "DELETE", "/mock/requests", "", "").await;
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn plans_faults() {
    let server = server().await;
    let plan = json!({"model": "gpt-5-mini", "spec": "status=500", "times": 1}).to_string();
    assert_eq!(call(&server, "PUT", "/mock/faults", "", &plan).await.status, 200);
    assert_eq!(post(&server, CHAT, chat("hi")).await.status, 500);
    assert_eq!(post(&server, CHAT, chat("hi")).await.status, 200);

    server.set_faults("gpt-5-mini", "status=503").unwrap();
    assert_eq!(post(&server, CHAT, chat("hi")).await.status, 503);
    assert_eq!(post(&server, CHAT, chat("hi")).await.status, 503);
    assert_eq!(post(&server, CHAT, with(chat("hi"), json!({"model": "other"}))).await.status, 200);
    call(&server, "DELETE", "/mock/faults", "", "").await;
    assert_eq!(post(&server, CHAT, chat("hi")).await.status, 200);

    assert!(server.set_faults("m", "nonsense").is_err());
    let plan = json!({"model": "m", "spec": "nonsense"}).to_string();
    assert_eq!(call(&server, "PUT", "/mock/faults", "", &plan).await.status, 400);
}

#[tokio::test]
async fn other_paths() {
    let server = server().await;
    let seen = call(&server, "GET", "/v1/models", "authorization: Bearer k\r\n", "").await;
    assert_eq!(seen.json()["object"], "list");
    let keys = "x-api-key: k\r\nanthropic-version: 2023-06-01\r\n";
    let seen = call(&server, "GET", "/v1/models", keys, "").await;
    assert_eq!(seen.json()["has_more"], false);
    assert_eq!(call(&server, "GET", "/v1/models", "", "").await.status, 401);
    let seen = post(&server, "/v1/files", chat("hi")).await;
    assert_eq!(seen.status, 404);
    assert_eq!(seen.json()["error"]["message"], "Invalid URL (POST /v1/files)");
    assert_eq!(call(&server, "GET", CHAT, "", "").await.status, 405);
}

#[tokio::test]
async fn a_dropped_server_is_gone() {
    let server = server().await;
    let addr = server.addr();
    let body = with(chat("hi"), json!({"model": "m!stall-headers"})).to_string();
    let mut stream = open(&server, "POST", CHAT, "authorization: Bearer k\r\n", &body).await;
    while server.requests().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    drop(server);
    let mut rest = Vec::new();
    let read = stream.read_to_end(&mut rest);
    let _ = tokio::time::timeout(Duration::from_secs(5), read).await.unwrap();
    assert!(TcpStream::connect(addr).await.is_err());
}
