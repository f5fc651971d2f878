"""One streamed conversation with tools that changes providers while it goes on.

Run by relay.rs: argv[1] is the gateway's base URL, argv[2] the mock's. stdin has
[[provider, model]]. The model `relay` tries them in this order.
"""

import json
import sys
import urllib.request

import openai
from flows import WEATHER

client = openai.OpenAI(base_url=sys.argv[1], api_key="anything", max_retries=0, timeout=20)
models = dict(json.load(sys.stdin))


def tell(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(sys.argv[2] + path, data=data, method=method)
    return json.load(urllib.request.urlopen(request))


def broken(*providers):
    """These fail from now on, each in another way; all others are well."""
    tell("DELETE", "/mock/faults")
    ways = ["status=503", "error-first", "status=429"]
    for i, provider in enumerate(providers):
        tell("PUT", "/mock/faults", {"model": models[provider], "spec": ways[i % len(ways)]})


def turn(messages, by):
    """One streamed answer, which `by` must have given; the messages with it added."""
    raw = client.chat.completions.with_raw_response.create(
        model="relay", messages=messages, tools=[WEATHER], reasoning_effort="low", stream=True
    )
    assert raw.headers["x-sluice-provider"] == by, (by, raw.headers["x-sluice-provider"])
    message = {"role": "assistant", "content": ""}
    for chunk in raw.parse():
        for choice in chunk.choices:
            gather(message, choice.delta.model_dump(exclude_none=True, exclude={"role"}))
    return [*messages, message]


def gather(message, delta):
    """As an application does that keeps what it does not know."""
    for call in delta.pop("tool_calls", []):
        calls = message.setdefault("tool_calls", [])
        index = call.pop("index")
        if index == len(calls):
            calls.append(call)
        else:
            calls[index]["function"]["arguments"] += call["function"]["arguments"]
    for key, value in delta.items():
        if isinstance(value, str):
            message[key] = message.get(key, "") + value
        elif isinstance(value, list):
            message.setdefault(key, []).extend(value)
        else:
            message[key] = value


order = list(models)
messages = [{"role": "system", "content": "Be brief."}]
for lap in range(2):
    for at, calls_by in enumerate(order):
        answers_by = order[(at + 1) % len(order)]
        messages = [*messages, {"role": "user", "content": f"the weather in Paris? {lap} {at}"}]
        broken(*order[:at])
        messages = turn(messages, calls_by)
        calls = messages[-1]["tool_calls"]
        assert len(calls) == 1 and json.loads(calls[0]["function"]["arguments"]) == {"city": "Paris"}, calls
        messages = [*messages, {"role": "tool", "tool_call_id": calls[0]["id"], "content": "sunny"}]
        broken(*order[: (at + 1) % len(order)])
        messages = turn(messages, answers_by)
        assert messages[-1]["content"] == "Tool said: sunny", messages[-1]
        print("ok", calls_by, "called", answers_by, "answered")
