"""What an application does with the openai package; run by openai_sdk.rs."""

import asyncio
import json
import sys

import openai
from pydantic import BaseModel

client = openai.OpenAI(base_url=sys.argv[1], api_key="anything", max_retries=0)
hello = [{"role": "user", "content": "hello there"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}


class Answer(BaseModel):
    ok: bool
    city: str


def chat(model):
    reply = client.chat.completions.create(model=model, messages=hello)
    assert reply.choices[0].message.content == "You said: hello there", reply
    assert reply.choices[0].finish_reason == "stop"
    assert reply.usage.prompt_tokens > 0 and reply.usage.total_tokens > reply.usage.prompt_tokens


def stream(model):
    chunks = list(
        client.chat.completions.create(
            model=model, messages=hello, stream=True, stream_options={"include_usage": True}
        )
    )
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == "You said: hello there", text
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-1].usage.completion_tokens > 0 and not chunks[-1].choices
    assert len({c.id for c in chunks}) == 1
    without = list(client.chat.completions.create(model=model, messages=hello, stream=True))
    assert all(c.choices and c.usage is None for c in without)


def tools(model):
    messages = [{"role": "user", "content": "the weather in both places?"}]
    reply = client.chat.completions.create(model=model, messages=messages, tools=[WEATHER])
    calls = reply.choices[0].message.tool_calls
    assert len(calls) == 2 and reply.choices[0].finish_reason == "tool_calls", reply
    assert json.loads(calls[0].function.arguments) == {"city": "Paris"}
    messages.append(reply.choices[0].message)
    messages += [{"role": "tool", "tool_call_id": c.id, "content": "sunny"} for c in calls]
    reply = client.chat.completions.create(model=model, messages=messages, tools=[WEATHER])
    assert reply.choices[0].message.content.startswith("Tool said: sunny"), reply


def streamed_tools(model):
    messages = [{"role": "user", "content": "the weather in both places?"}]
    with client.chat.completions.stream(model=model, messages=messages, tools=[WEATHER]) as events:
        final = events.get_final_completion()
    calls = final.choices[0].message.tool_calls
    assert [c.function.name for c in calls] == ["get_weather", "get_weather"], final
    assert json.loads(calls[1].function.arguments) == {"city": "Paris"}
    assert calls[0].id != calls[1].id


def parse(model):
    reply = client.chat.completions.parse(model=model, messages=hello, response_format=Answer)
    assert reply.choices[0].message.parsed == Answer(ok=True, city="Paris"), reply


def reasoning(model):
    reply = client.chat.completions.create(model=model, messages=hello, reasoning_effort="low")
    message = reply.choices[0].message
    assert message.content == "You said: hello there", reply
    if model != "openai-model":
        assert message.reasoning_content == "Let me think.", reply
        again = hello + [message.model_dump(exclude_none=True), {"role": "user", "content": "go on"}]
        reply = client.chat.completions.create(model=model, messages=again, reasoning_effort="low")
        assert reply.choices[0].message.content == "You said: go on", reply


def asynchronous(model):
    async def both():
        package = openai.AsyncOpenAI(base_url=sys.argv[1], api_key="x", max_retries=0, timeout=20)
        async with package:
            whole = await package.chat.completions.create(model=model, messages=hello)
            async with package.chat.completions.stream(model=model, messages=hello) as events:
                return whole, await events.get_final_completion()

    for reply in asyncio.run(both()):
        assert reply.choices[0].message.content == "You said: hello there", reply


def parsed_stream(model):
    with client.chat.completions.stream(
        model=model, messages=hello, response_format=Answer
    ) as events:
        final = events.get_final_completion()
    assert final.choices[0].message.parsed == Answer(ok=True, city="Paris"), final


def raises(kind, status, model, **more):
    try:
        reply = client.chat.completions.create(model=model, messages=hello, **more)
        if more.get("stream"):
            list(reply)
    except kind as e:
        assert status is None or e.status_code == status, e
        assert e.body and e.body["message"], e
        return e
    raise AssertionError(f"{model} must raise {kind}")


FLOWS = [
    chat,
    stream,
    tools,
    streamed_tools,
    parse,
    parsed_stream,
    asynchronous,
    reasoning,
]
for name in ["openai-model", "anthropic-model", "fallback-model"]:
    for flow in [stream] if name == "fallback-model" else FLOWS:
        flow(name)
        print("ok", flow.__name__, name)

raises(openai.NotFoundError, 404, "no-such-model")
assert raises(openai.RateLimitError, 429, "busy-model").response.headers["retry-after"] == "1"
raises(openai.BadRequestError, 400, "anthropic-model", n=2)
raises(openai.APIError, None, "broken-model", stream=True)
names = [m.id for m in client.models.list()]
assert "openai-model" in names and client.models.retrieve("openai-model").id == "openai-model"
print("ok")
