//! What a newcomer tries first, with the committed files.

use crate::support::client::{chat, get, post, post_bytes, streamed};
use crate::support::gateway::{Gateway, Setup, config, with_models};
use serde_json::{Value, json};
use sluice::cli::mock::MADE_UP_KEY;

#[tokio::test]
async fn the_committed_files_serve_both_providers() {
    let mut gateway = Gateway::start(Setup::default()).await;
    let reply = post(&gateway, &chat("fast")).await;
    assert_eq!((reply.status, reply.header("content-type")), (200, "application/json"));
    assert_eq!(reply.json()["choices"][0]["message"]["content"], "You said: hello there");
    assert_eq!(reply.header("x-sluice-provider"), "openai");
    assert_eq!(reply.header("x-sluice-model"), "gpt-5-mini");
    assert_eq!(reply.header("x-sluice-attempts"), "1");
    assert!(!reply.header("x-request-id").is_empty() && reply.header("x-request-id") != "req_mock");

    let reply = post(&gateway, &chat("claude")).await;
    assert_eq!(reply.json()["choices"][0]["message"]["content"], "You said: hello there");
    assert_eq!(reply.json()["object"], "chat.completion");
    assert_eq!(reply.header("x-sluice-provider"), "anthropic");

    let reply = post(&gateway, &streamed("claude")).await;
    assert_eq!((reply.status, reply.content().as_str()), (200, "You said: hello there"));
    assert_eq!(reply.events().last().unwrap(), "[DONE]");

    let reply = post(&gateway, &chat("gpt-anything")).await;
    assert_eq!(reply.json()["model"], "gpt-anything");
    gateway.assert_calm().await;
}

/// As `sluice run` starts it: every variable of a key holds the same.
#[tokio::test]
async fn the_committed_clouds_are_served_without_keys() {
    let names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
    let env = names.map(|name| (name.to_owned(), MADE_UP_KEY.to_owned())).to_vec();
    let clouds = Some(include_str!("../../envoy/clouds.yaml").to_owned());
    let mut gateway = Gateway::start(Setup { config: clouds, env, ..Setup::default() }).await;
    for (model, provider) in
        [("gemini", "gemini"), ("claude", "bedrock"), ("gpt", "openai"), ("command", "cohere")]
    {
        let reply = post(&gateway, &chat(model)).await;
        let answer = &reply.json()["choices"][0]["message"]["content"];
        assert_eq!(answer, "You said: hello there", "{model}");
        assert_eq!(reply.header("x-sluice-provider"), provider);
        assert_eq!(reply.header("x-sluice-attempts"), "1");
        let reply = post(&gateway, &streamed(model)).await;
        assert_eq!((reply.status, reply.content().as_str()), (200, "You said: hello there"));
    }
    gateway.assert_calm().await;
}

#[tokio::test]
async fn the_gateways_own_endpoints() {
    let gateway = Gateway::start(Setup::default()).await;
    let models = get(&gateway, "/v1/models").await.json();
    let names: Vec<_> = models["data"].as_array().unwrap().iter().map(|m| &m["id"]).collect();
    assert!(names.contains(&&json!("fast")) && !names.contains(&&json!("gpt-*")), "{names:?}");
    assert_eq!(get(&gateway, "/v1/models/gpt-9").await.json()["id"], "gpt-9");
    assert_eq!(get(&gateway, "/v1/models/nope").await.error().0, 404);
    assert_eq!(get(&gateway, "/sluice/health").await.json()["status"], "ok");
    assert_eq!(get(&gateway, "/sluice/usage").await.json()["object"], "sluice.usage");
    let reply = get(&gateway, "/v1/files").await;
    assert_eq!(reply.error(), (404, "invalid_request_error".into(), "unknown_url".into()));
    assert!(reply.text().contains("/v1/chat/completions"));
    assert_eq!(get(&gateway, "/v1/chat/completions").await.error().0, 405);
}

#[tokio::test]
async fn a_client_can_neither_steer_nor_see_through() {
    let gateway = with_models("- { name: m, targets: [openai/real] }").await;
    let headers = [
        ("content-type", "application/json"),
        ("authorization", "Bearer the-clients-own"),
        ("x-api-key", "the-clients-own"),
        ("cookie", "session=1"),
        ("x-sluice-target-1", "anthropic"),
        ("x-sluice-pick", "3"),
        ("x-envoy-max-retries", "9"),
        ("x-envoy-retry-on", "5xx"),
        ("x-envoy-upstream-rq-timeout-ms", "1"),
        ("x-internal-user", "secret"),
        ("x-stainless-lang", "rust"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ];
    let reply = post_bytes(&gateway, chat("m").to_string().into_bytes(), &headers).await;
    assert_eq!((reply.status, reply.header("x-sluice-provider")), (200, "openai"));
    let requests = gateway.mock.requests();
    let seen = &requests[0];
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", "/v1/chat/completions"));
    assert_eq!(seen.header("authorization"), Some("Bearer sk-openai-of-the-gateway"));
    assert_eq!(seen.header("host"), Some("api.openai.com"));
    assert_eq!(seen.header("x-stainless-lang"), Some("rust"));
    assert!(seen.header("traceparent").is_some());
    for (name, value) in &seen.headers {
        assert!(!name.starts_with("x-sluice") && !name.starts_with("x-envoy"), "{name}");
        assert!(
            !["x-api-key", "cookie", "x-internal-user", "x-forwarded-for"].contains(&name.as_str()),
            "{name}"
        );
        assert!(!value.contains("the-clients-own"), "{name}");
    }
}

#[tokio::test]
async fn an_identity_route_keeps_every_byte_but_the_model() {
    let gateway = with_models("- { name: m, targets: [openai/real] }").await;
    let body = "{ \"x_unknown\" : [1.0, 1.50e+2, \"\\u00fc\"],\n \"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"h\u{e9}\",\"x\":{}}],\"seed\": 7 }".to_owned();
    let reply =
        post_bytes(&gateway, body.clone().into_bytes(), &[("content-type", "application/json")])
            .await;
    assert_eq!(reply.status, 200);
    let seen = String::from_utf8(gateway.mock.requests()[0].body.to_vec()).unwrap();
    assert_eq!(seen, body.replace("\"m\"", "\"real\""));
    // The length is exact: no chunked encoding where the client sent none.
    let length = gateway.mock.requests()[0].header("content-length").map(str::to_owned);
    assert_eq!(length, Some(seen.len().to_string()));
}

#[tokio::test]
async fn tools_images_and_structured_output_through_anthropic() {
    let mut gateway = with_models("- { name: m, targets: [anthropic/claude-haiku-4-5] }").await;
    let weather = json!({ "type": "function", "function": { "name": "get_weather", "parameters": {
        "type": "object", "properties": { "city": { "type": "string" } }, "required": ["city"] } } });
    let mut body = json!({ "model": "m", "tools": [weather], "seed": 7,
        "messages": [{ "role": "system", "content": "be brief" }, { "role": "user", "content": "the weather in both places?" }] });
    let reply = post(&gateway, &body).await;
    assert_eq!(reply.header("x-sluice-dropped"), "seed");
    let message = reply.json()["choices"][0]["message"].clone();
    let calls = message["tool_calls"].as_array().unwrap();
    assert_eq!(calls.len(), 2);
    assert_eq!(reply.json()["choices"][0]["finish_reason"], "tool_calls");
    let arguments: Value =
        serde_json::from_str(calls[0]["function"]["arguments"].as_str().unwrap()).unwrap();
    assert_eq!(arguments["city"], "Paris");

    let turns = body["messages"].as_array_mut().unwrap();
    turns.push(message.clone());
    for call in calls {
        turns.push(json!({ "role": "tool", "tool_call_id": call["id"], "content": "sunny" }));
    }
    let reply = post(&gateway, &body).await;
    let answer = reply.json()["choices"][0]["message"]["content"].as_str().unwrap().to_owned();
    assert!(answer.starts_with("Tool said: sunny"), "{answer}");

    let image = "data:image/png;base64,iVBORw0KGgo=";
    let body = json!({ "model": "m", "messages": [{ "role": "user", "content": [
        { "type": "text", "text": "what is this" }, { "type": "image_url", "image_url": { "url": image } } ] }],
        "response_format": { "type": "json_schema", "json_schema": { "name": "a", "strict": true, "schema": {
            "type": "object", "properties": { "ok": { "type": "boolean" } }, "required": ["ok"], "additionalProperties": false } } } });
    let reply = post(&gateway, &body).await;
    let content =
        reply.json()["choices"][0]["message"]["content"].as_str().unwrap_or_default().to_owned();
    assert_eq!(
        serde_json::from_str::<Value>(&content).unwrap(),
        json!({ "ok": true }),
        "{}",
        reply.text()
    );
    gateway.assert_calm().await;
}

#[tokio::test]
async fn consumers_by_key() {
    use sha2::{Digest, Sha256};
    let digest: String = Sha256::digest(b"sk-team-a").iter().map(|b| format!("{b:02x}")).collect();
    let text = config("- { name: m, targets: [openai/real] }")
        + &format!("consumers: [{{ name: team-a, key_sha256: [{digest}] }}]\n");
    let gateway = Gateway::start(Setup { config: Some(text), ..Setup::default() }).await;
    let body = || chat("m").to_string().into_bytes();
    let with =
        |value: &'static str| [("content-type", "application/json"), ("authorization", value)];
    assert_eq!(post_bytes(&gateway, body(), &with("Bearer sk-team-a")).await.status, 200);
    let reply = post_bytes(&gateway, body(), &with("Bearer sk-team-b")).await;
    assert_eq!(reply.error(), (401, "authentication_error".into(), "invalid_api_key".into()));
    assert_eq!(post(&gateway, &chat("m")).await.status, 401);
    assert_eq!(get(&gateway, "/v1/models").await.status, 401);
    assert_eq!(get(&gateway, "/sluice/health").await.status, 200);
    // Usage by key: one's own rows.
    let own = reqwest::Client::new().get(gateway.url("/sluice/usage")).bearer_auth("sk-team-a");
    let page: Value = own.send().await.unwrap().json().await.unwrap();
    assert_eq!(
        (&page["data"][0]["consumer"], &page["data"][0]["calls"]),
        (&json!("team-a"), &json!(1))
    );
    assert_eq!(get(&gateway, "/sluice/usage").await.status, 401);
    let records = gateway.records(1).await;
    assert_eq!((records.len(), &records[0]["llm"]["consumer"]), (1, &json!("team-a")));
    let logs = std::fs::read_to_string(gateway.folder.join("access.log")).unwrap() + &gateway.log();
    assert!(
        !logs.contains("sk-team")
            && !logs.contains("of-the-gateway")
            && !logs.contains("hello there")
    );
}

#[tokio::test]
async fn passthrough_paths_are_left_to_other_routes() {
    let setup = Setup {
        config: Some(
            config("- { name: m, targets: [openai/real] }") + "passthrough_paths: [/other/*]\n",
        ),
        edit: |bootstrap, _| {
            let mut all: Value = serde_saphyr::from_str(&bootstrap).expect("YAML");
            let hcm = &mut all["static_resources"]["listeners"][0]["filter_chains"][0]["filters"]
                [0]["typed_config"];
            let routes =
                hcm["route_config"]["virtual_hosts"][0]["routes"].as_array_mut().expect("routes");
            let route =
                json!({ "match": { "prefix": "/other/" }, "route": { "cluster": "openai" } });
            routes.insert(0, route);
            all.to_string()
        },
        ..Setup::default()
    };
    let gateway = Gateway::start(setup).await;
    let client =
        reqwest::Client::new().get(gateway.url("/other/x")).header("x-sluice-target-1", "y");
    assert_eq!(client.send().await.unwrap().status(), 404);
    let requests = gateway.mock.requests();
    assert_eq!(
        (requests[0].path.as_str(), requests[0].header("x-sluice-target-1")),
        ("/other/x", None)
    );
    assert_eq!(requests[0].header("authorization"), None, "no key where Sluice does not act");
    assert_eq!(get(&gateway, "/another").await.status, 404);
    assert_eq!(gateway.mock.requests().len(), 1);
}
