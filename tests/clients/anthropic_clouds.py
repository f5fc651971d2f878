"""Runs Anthropic's own package: its clients for the clouds against the mock, or its
plain client against the gateway.

    anthropic_clouds.py mock URL
    anthropic_clouds.py gateway URL MODEL...
"""

import sys

import anthropic
from anthropic import Anthropic, AnthropicBedrock, AnthropicVertex

WEATHER = {
    "name": "weather",
    "description": "The weather of a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}


def ask(text, **more):
    return {"max_tokens": 2048, "messages": [{"role": "user", "content": text}], **more}


def refused(kind, call):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}")


def flows(client, model):
    message = client.messages.create(model=model, **ask("hello there"))
    assert message.content[0].text == "You said: hello there", message
    assert message.stop_reason == "end_turn" and message.usage.output_tokens == 4, message

    with client.messages.stream(model=model, **ask("hello there")) as stream:
        pieces = list(stream.text_stream)
        final = stream.get_final_message()
    assert "".join(pieces) == "You said: hello there" and len(pieces) == 4, pieces
    assert final.usage.input_tokens == 3 and final.usage.output_tokens == 4, final

    thought = client.messages.create(
        model=model, thinking={"type": "enabled", "budget_tokens": 1024}, **ask("hi")
    )
    assert [b.type for b in thought.content] == ["thinking", "text"], thought

    with client.messages.stream(model=model, tools=[WEATHER], **ask("weather in both")) as stream:
        final = stream.get_final_message()
    uses = [b for b in final.content if b.type == "tool_use"]
    assert [u.input for u in uses] == [{"city": "Paris"}] * 2, final
    back = [
        {"role": "user", "content": "weather in both"},
        {"role": "assistant", "content": [b.model_dump(exclude_none=True) for b in uses]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": u.id, "content": "sun"} for u in uses]},
    ]
    for block in back[1]["content"]:
        block.pop("caller", None)
    last = client.messages.create(model=model, max_tokens=99, tools=[WEATHER], messages=back)
    assert "sun" in last.content[0].text, last


def faults(client, model):
    busy = refused(anthropic.RateLimitError, lambda: client.messages.create(model=f"{model}!status=429", **ask("x")))
    assert busy.status_code == 429, busy
    refused(anthropic.BadRequestError, lambda: client.messages.create(model=model, max_tokens=9, messages=[]))

    def broken():
        with client.messages.stream(model=f"{model}!error-after=2", **ask("one two three")) as stream:
            return list(stream.text_stream)

    refused(anthropic.APIError, broken)


def clouds(url):
    options = {"max_retries": 0}
    vertex = AnthropicVertex(
        region="us-east5", project_id="p", access_token="token", base_url=f"{url}/v1", **options
    )
    bedrock = AnthropicBedrock(
        aws_region="us-east-1", aws_access_key="AKIAIOSFODNN7EXAMPLE", aws_secret_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", base_url=url, **options
    )
    image = {"type": "image", "source": {"type": "url", "url": "https://example.com/cat.png"}}
    for client, model in ((vertex, "claude-haiku-4-5@20251001"), (bedrock, "anthropic.claude-haiku-4-5-20251001-v1:0")):
        flows(client, model)
        faults(client, model)
        refused(anthropic.BadRequestError, lambda: client.messages.create(model=model, service_tier="auto", **ask("x")))
        refused(anthropic.BadRequestError, lambda: client.messages.create(model=model, **ask([image])))


if __name__ == "__main__":
    where, url, *models = sys.argv[1:]
    if where == "mock":
        clouds(url)
    else:
        client = Anthropic(base_url=url, api_key="client", max_retries=0)
        for model in models:
            flows(client, model)
        refused(anthropic.NotFoundError, lambda: client.messages.create(model="unknown", **ask("x")))
        busy = refused(anthropic.RateLimitError, lambda: client.messages.create(model="busy", **ask("x")))
        assert busy.body["type"] == "error" and busy.body["error"]["type"] == "rate_limit_error", busy.body
        final = client.messages.create(model="fallback", **ask("hello there"))
        assert final.content[0].text == "You said: hello there", final
