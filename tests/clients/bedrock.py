"""AWS's own client, boto3, against a Converse endpoint: a mock's, or the gateway's.

Arguments: the endpoint; the model; `sigv4` or `bearer`.
"""

import sys

import boto3
from botocore import UNSIGNED
from botocore.config import Config

endpoint, model, auth = sys.argv[1:]
signed = {} if auth == "sigv4" else {"signature_version": UNSIGNED}
settings = Config(retries={"total_max_attempts": 1}, **signed)
client = boto3.client(
    "bedrock-runtime",
    region_name="us-east-1",
    endpoint_url=endpoint,
    config=settings,
    # AWS's documented examples; the mock knows them.
    aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
    aws_secret_access_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    aws_session_token="SESSION-EXAMPLE",
)
if auth == "bearer":
    # boto3 itself sends such a key over TLS only.
    def add_key(request, **_):
        request.headers["Authorization"] = "Bearer a-key"

    client.meta.events.register("before-sign.bedrock-runtime", add_key)

WEATHER = {
    "tools": [
        {
            "toolSpec": {
                "name": "get_weather",
                "description": "The weather of a city, now.",
                "inputSchema": {
                    "json": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
                },
            }
        }
    ]
}


def user(*blocks):
    return {"role": "user", "content": list(blocks)}


def ask(text, **more):
    return {"modelId": model, "messages": [user({"text": text})], **more}


def chat():
    reply = client.converse(**ask("hello there", system=[{"text": "Be brief."}], inferenceConfig={"maxTokens": 50}))
    assert reply["output"]["message"] == {"role": "assistant", "content": [{"text": "You said: hello there"}]}, reply
    assert reply["stopReason"] == "end_turn" and reply["usage"]["outputTokens"] == 4, reply


def stream():
    events = list(client.converse_stream(**ask("hello there"))["stream"])
    names = [next(iter(e)) for e in events]
    assert names[0] == "messageStart" and names[-2:] == ["messageStop", "metadata"], names
    pieces = [e["contentBlockDelta"]["delta"] for e in events if "contentBlockDelta" in e]
    assert "".join(p.get("text", "") for p in pieces) == "You said: hello there", events
    assert events[-1]["metadata"]["usage"]["outputTokens"] == 4, events


def media():
    image = {"image": {"format": "png", "source": {"bytes": b"\x89PNG\r\n"}}}
    file = {"document": {"format": "pdf", "name": "report", "source": {"bytes": b"%PDF-1.7"}}}
    reply = client.converse(modelId=model, messages=[user(image, file, {"text": "what?"})])
    assert reply["output"]["message"]["content"][0]["text"] == "You said: what?", reply


def tools():
    messages = [user({"text": "the weather in both places?"})]
    reply = client.converse(modelId=model, messages=messages, toolConfig=WEATHER)
    message = reply["output"]["message"]
    calls = [b["toolUse"] for b in message["content"]]
    assert [c["name"] for c in calls] == ["get_weather"] * 2 and calls[0]["input"] == {"city": "Paris"}, reply
    results = [{"toolResult": {"toolUseId": c["toolUseId"], "content": [{"text": "18 C"}]}} for c in calls]
    reply = client.converse(modelId=model, messages=[*messages, message, user(*results)], toolConfig=WEATHER)
    assert reply["output"]["message"]["content"][0]["text"] == "Tool said: 18 C; 18 C", reply


def reasoning():
    more = {"additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 1024}}}
    reply = client.converse(**ask("hello", **more))
    message = reply["output"]["message"]
    thought = message["content"][0]["reasoningContent"]["reasoningText"]
    assert thought == {"text": "Let me think.", "signature": "sig-mock"}, reply
    again = [user({"text": "hello"}), message, user({"text": "go on"})]
    reply = client.converse(modelId=model, messages=again, **more)
    assert reply["output"]["message"]["content"][1]["text"] == "You said: go on", reply


def errors():
    try:
        client.converse(modelId=model, messages=[user({"text": "x"}), user({"text": "y"})])
    except client.exceptions.ValidationException as e:
        assert "must alternate" in str(e), e
    else:
        raise AssertionError("two turns of one side in a row")


flows = [chat, stream, media, tools, reasoning, errors]
for flow in flows:
    flow()
    print("ok", flow.__name__, auth)

# Another model of the same endpoint, that fails.
for failing, call, kind in [
    (f"{model}!status=429", client.converse, "ThrottlingException"),
    (f"{model}!tokens=9;error-after=3;code=throttlingException", client.converse_stream, "throttlingException"),
]:
    try:
        reply = call(modelId=failing, messages=[user({"text": "x"})])
        for _ in reply.get("stream", []):
            pass
    except Exception as e:
        assert kind.lower() in str(e).lower() or kind.lower() in type(e).__name__.lower(), repr(e)
        print("ok", kind, auth)
    else:
        raise AssertionError(f"{failing} must fail")
