"""What an application does with the openai package, feature by feature.

Run by kinds.rs: argv[1] is the gateway's base URL; stdin has one JSON object
{"model": [features]}. Each flow checks the answer and that nothing was dropped,
and prints `ok MODEL FEATURE`.
"""

import base64
import json
import sys

import openai
from pydantic import BaseModel

client = openai.OpenAI(base_url=sys.argv[1], api_key="anything", max_retries=0, timeout=20)
HELLO = [{"role": "user", "content": "hello there"}]
PNG = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
        "0000000c4944415408d763f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
    )
).decode()
PDF = base64.b64encode(b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF").decode()
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}
TIME = {"type": "function", "function": {"name": "get_time", "parameters": {"type": "object", "properties": {}}}}


class Answer(BaseModel):
    ok: bool
    city: str


def ask(model, messages=None, **more):
    """A whole answer; nothing of the request may have been dropped."""
    raw = client.chat.completions.with_raw_response.create(model=model, messages=messages or HELLO, **more)
    dropped = raw.headers.get("x-sluice-dropped", "")
    assert not dropped, f"dropped: {dropped}"
    return raw.parse()


def said(reply, text):
    assert (reply.choices[0].message.content or "").startswith(text), reply
    return reply


def parts(*more):
    return [{"role": "user", "content": [{"type": "text", "text": "hello there"}, *more]}]


def text(model):
    reply = said(ask(model), "You said: hello there")
    assert reply.choices[0].finish_reason == "stop", reply
    assert reply.usage.prompt_tokens > 0 and reply.usage.total_tokens > reply.usage.prompt_tokens, reply


def streaming(model):
    options = {"include_usage": True}
    chunks = list(client.chat.completions.create(model=model, messages=HELLO, stream=True, stream_options=options))
    got = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert got == "You said: hello there", got
    assert chunks[-1].usage.completion_tokens > 0, chunks[-1]
    assert len({c.id for c in chunks}) == 1
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"


def system(model):
    said(ask(model, [{"role": "system", "content": "Be brief."}, *HELLO]), "You said")


def image_data(model):
    url = f"data:image/png;base64,{PNG}"
    said(ask(model, parts({"type": "image_url", "image_url": {"url": url}})), "You said")


def image_urls(model):
    said(ask(model, parts({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}})), "You said")


def files(model):
    data = f"data:application/pdf;base64,{PDF}"
    said(ask(model, parts({"type": "file", "file": {"filename": "a.pdf", "file_data": data}})), "You said")


def audio(model):
    sound = base64.b64encode(b"RIFF....WAVE").decode()
    said(ask(model, parts({"type": "input_audio", "input_audio": {"data": sound, "format": "wav"}})), "You said")


def tools(model):
    """Two turns, streamed, with the SDK's own accumulator."""
    messages = [{"role": "user", "content": "the weather in Paris?"}]
    with client.chat.completions.stream(model=model, messages=messages, tools=[WEATHER]) as events:
        message = events.get_final_completion().choices[0].message
    assert [c.function.name for c in message.tool_calls] == ["get_weather"], message
    assert json.loads(message.tool_calls[0].function.arguments) == {"city": "Paris"}, message
    results(model, messages, message)


def results(model, messages, message):
    messages = [*messages, message.model_dump(exclude_none=True, exclude={"parsed"})]
    for call in messages[-1]["tool_calls"]:
        call["function"].pop("parsed_arguments", None)
    messages += [{"role": "tool", "tool_call_id": c.id, "content": "sunny"} for c in message.tool_calls]
    said(ask(model, messages, tools=[WEATHER]), "Tool said: sunny")


def tool_choice(model):
    named = {"type": "function", "function": {"name": "get_time"}}
    for choice, want in [("required", "get_weather"), (named, "get_time"), ("none", None)]:
        reply = ask(model, tools=[WEATHER, TIME], tool_choice=choice)
        calls = reply.choices[0].message.tool_calls
        assert (calls[0].function.name if calls else None) == want, (choice, reply)


def parallel_calls(model):
    messages = [{"role": "user", "content": "the weather in both places?"}]
    message = ask(model, messages, tools=[WEATHER]).choices[0].message
    assert len(message.tool_calls) == 2 and message.tool_calls[0].id != message.tool_calls[1].id, message
    results(model, messages, message)


def structured_output(model):
    reply = client.chat.completions.parse(model=model, messages=HELLO, response_format=Answer)
    assert reply.choices[0].message.parsed == Answer(ok=True, city="Paris"), reply


def reasoning(model):
    reply = said(ask(model, reasoning_effort="low"), "You said: hello there")
    assert reply.choices[0].message.reasoning_content, reply


def signed_thoughts(model):
    """What the model thought comes back with the next turn, through a streamed tool call."""
    messages = [{"role": "user", "content": "the weather in Paris?"}]
    more = {"tools": [WEATHER], "reasoning_effort": "low"}
    message = ask(model, messages, **more).choices[0].message.model_dump(exclude_none=True)
    kept = json.dumps(message)
    assert "signature" in kept or "encrypted_content" in kept, message
    answers = [{"role": "tool", "tool_call_id": c["id"], "content": "sunny"} for c in message["tool_calls"]]
    said(ask(model, [*messages, message, *answers], **more), "Tool said: sunny")


def prompt_cache(model):
    part = {"type": "text", "text": "hello there", "cache_control": {"type": "ephemeral"}}
    reply = said(ask(model, [{"role": "user", "content": [part]}]), "You said")
    assert reply.usage.prompt_tokens_details.cached_tokens > 0, reply


def stop_sequences(model):
    reply = said(ask(model, stop=["there"]), "You said: hello")
    assert "there" not in reply.choices[0].message.content, reply


def several_choices(model):
    assert len(ask(model, n=2).choices) == 2


def log_probabilities(model):
    reply = ask(model, logprobs=True)
    assert reply.choices[0].logprobs.content, reply


def main():
    for model, features in json.load(sys.stdin).items():
        for feature in features:
            try:
                globals()[feature.lower().replace(" ", "_")](model)
            except Exception as e:
                print("FAILED", model, feature, type(e).__name__, e)
            else:
                print("ok", model, feature)


if __name__ == "__main__":
    main()
