"""Runs Anthropic's own package against the gateway, whatever stands behind it.

    messages.py URL MODEL...

Models whose name begins with `claude` give signed thoughts; `claude` itself is
Anthropic's, which takes its own tools.
"""

import asyncio
import base64
import json
import sys

import anthropic
from pydantic import BaseModel

WEATHER = {
    "name": "weather",
    "description": "The weather of a city.",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
    "cache_control": {"type": "ephemeral"},
}
CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}


PNG = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
        "0000000c4944415408d763f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
    )
).decode()


class City(BaseModel):
    city: str


@anthropic.beta_tool
def weather(city: str) -> str:
    """The weather of a city.

    Args:
        city: Its name.
    """
    return "sunny"


def user(content):
    return {"role": "user", "content": content}


def results(message, text):
    uses = [b for b in message.content if b.type == "tool_use"]
    return user([{"type": "tool_result", "tool_use_id": u.id, "content": text} for u in uses])


def order(events):
    """The events' types, which must nest as documented; blocks' indexes must rise."""
    open_at, next_at = None, 0
    for event in events:
        if event.type == "content_block_start":
            assert open_at is None and event.index == next_at, event
            open_at, next_at = event.index, next_at + 1
        elif event.type == "content_block_delta":
            assert event.index == open_at, event
        elif event.type == "content_block_stop":
            assert event.index == open_at, event
            open_at = None
    types = [e.type for e in events]
    assert types[0] == "message_start" and types[-2:] == ["message_delta", "message_stop"], types
    assert open_at is None, types


def text_flows(client, model):
    message = client.messages.create(
        model=model,
        max_tokens=2048,
        system=[{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        metadata={"user_id": "user_" + "0123456789abcdef" * 6},
        messages=[user("hello there")],
    )
    assert message.content[-1].text == "You said: hello there", message
    assert message.stop_reason == "end_turn" and message.usage.output_tokens > 0, message
    assert message.id.startswith("msg_") and message.usage.input_tokens > 0, message

    events = list(
        client.messages.create(
            model=model, max_tokens=2048, messages=[user("hello there")], stream=True
        )
    )
    order(events)
    with client.messages.stream(
        model=model, max_tokens=2048, messages=[user("hello there")]
    ) as stream:
        pieces = list(stream.text_stream)
        final = stream.get_final_message()
    assert "".join(pieces) == "You said: hello there" and len(pieces) > 1, pieces
    assert final.usage.output_tokens > 0 and final.usage.input_tokens > 0, final


def thought_flows(client, model):
    asked = {
        "model": model,
        "max_tokens": 4096,
        "thinking": {"type": "enabled", "budget_tokens": 2048},
        "tools": [WEATHER],
    }
    messages = [user("the weather in Paris?")]
    with client.messages.stream(messages=messages, **asked) as stream:
        order(list(stream_events(stream)))
        first = stream.get_final_message()
    assert first.stop_reason == "tool_use", first
    if model.startswith("claude"):
        assert first.content[0].type == "thinking" and first.content[0].signature, first
    messages += [{"role": "assistant", "content": first.content}, results(first, "sunny")]
    second = client.messages.create(messages=messages, **asked)
    assert second.content[-1].text == "Tool said: sunny", second


def stream_events(stream):
    raw = {
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    }
    return (event for event in stream if event.type in raw)


def json_flow(client, model):
    message = client.messages.create(
        model=model,
        max_tokens=2048,
        messages=[user("a city")],
        extra_body={"output_config": {"format": {"type": "json_schema", "schema": CITY}}},
    )
    assert isinstance(json.loads(message.content[-1].text)["city"], str), message


def parsed_flow(client, model):
    message = client.messages.parse(
        model=model, max_tokens=2048, messages=[user("a city")], output_format=City
    )
    assert isinstance(message.parsed_output, City), message


def runner_flow(client, model):
    """The package calls the function by itself and sends the result back."""
    asked = {"model": model, "max_tokens": 2048, "tools": [weather]}
    message = client.beta.messages.tool_runner(
        messages=[user("the weather in Paris?")], **asked
    ).until_done()
    assert message.content[-1].text == "Tool said: sunny", message


def image_flow(client, model):
    source = {"type": "base64", "media_type": "image/png", "data": PNG}
    content = [{"type": "image", "source": source}, {"type": "text", "text": "hello there"}]
    message = client.messages.create(model=model, max_tokens=2048, messages=[user(content)])
    assert message.content[-1].text == "You said: hello there", message


def asynchronous_flow(_, model):
    asked = {"model": model, "max_tokens": 2048, "messages": [user("hello there")]}

    async def both():
        package = anthropic.AsyncAnthropic(
            base_url=sys.argv[1], api_key="anything", max_retries=0, timeout=20
        )
        async with package, package.messages.stream(**asked) as stream:
            return await package.messages.create(**asked), await stream.get_final_message()

    for message in asyncio.run(both()):
        assert message.content[-1].text == "You said: hello there", message


def refusals(client, model):
    if model == "claude":
        return
    for more, words in [
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "web_search_20250305"),
        ({"extra_body": {"reasoning_effort": "low"}}, "/v1/chat/completions"),
    ]:
        try:
            client.messages.create(model=model, max_tokens=99, messages=[user("x")], **more)
        except anthropic.BadRequestError as error:
            assert words in str(error) and error.body["type"] == "error", error
        else:
            raise AssertionError(f"{words}: taken")


def agent_loop(client, model):
    """Ten turns, each with two calls at once, streamed by turns."""
    messages = []
    for turn in range(10):
        messages.append(user(f"the weather in both cities? {turn}"))
        while True:
            asked = {"model": model, "max_tokens": 2048, "messages": messages, "tools": [WEATHER]}
            if turn % 2:
                with client.messages.stream(**asked) as stream:
                    message = stream.get_final_message()
            else:
                message = client.messages.create(**asked)
            messages.append({"role": "assistant", "content": message.content})
            if message.stop_reason != "tool_use":
                break
            uses = [b for b in message.content if b.type == "tool_use"]
            assert [u.input for u in uses] == [{"city": "Paris"}] * 2, message
            assert len({u.id for u in uses}) == 2, message
            messages.append(results(message, f"sunny {turn}"))
        assert message.stop_reason == "end_turn", message
        assert f"sunny {turn}" in message.content[-1].text, message
    assert len(messages) == 40, len(messages)


client = anthropic.Anthropic(base_url=sys.argv[1], api_key="anything", max_retries=0, timeout=20)
for model in sys.argv[2:]:
    for flow in [
        text_flows,
        thought_flows,
        json_flow,
        parsed_flow,
        runner_flow,
        image_flow,
        asynchronous_flow,
        refusals,
        agent_loop,
    ]:
        flow(client, model)
        print("ok", model, flow.__name__)
