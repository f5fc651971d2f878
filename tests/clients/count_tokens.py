"""Counts tokens with the vendors' own packages, whoever counts in the end.

    count_tokens.py URL COUNTED... -- ESTIMATED...

The mock counts the bytes of all strings, so that a part that did not arrive is missed.
"""

import sys

import anthropic
import boto3
import openai
from botocore import UNSIGNED
from botocore.config import Config
from google import genai
from google.genai import types

PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E"
    "rkJggg=="
)
WEATHER = {
    "name": "weather",
    "description": "The weather of a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}
SYSTEM = "Speak of nothing but the weather, and briefly."
HELLO = [{"role": "user", "content": "hello there"}]


def user(*blocks):
    return [{"role": "user", "content": list(blocks)}]


def flows(client, model, estimated):
    def count(**more):
        asked = {"model": model, "messages": HELLO, **more}
        raw = client.messages.with_raw_response.count_tokens(**asked)
        assert raw.headers.get("x-sluice-estimated") == ("true" if estimated else None), raw.headers
        return raw.parse().input_tokens

    per_token = 6 if estimated else 1
    base = count()
    assert base >= len("hello there") // per_token, base
    assert count(system=SYSTEM) - base >= len(SYSTEM) // per_token, "system"
    marked = [{"type": "text", "text": SYSTEM, "cache_control": {"type": "ephemeral"}}]
    assert count(system=marked) - base >= len(SYSTEM) // per_token, "system in blocks"
    tools = count(tools=[WEATHER])
    assert tools - base >= len("weatherThe weather of a city.") // per_token, "tools"
    assert count(tools=[WEATHER], tool_choice={"type": "auto"}) >= tools, "tool_choice"
    source = {"type": "base64", "media_type": "image/png", "data": PNG}
    hello = {"type": "text", "text": "hello there"}
    picture = count(messages=user({"type": "image", "source": source}, hello))
    # Its size is read by whoever estimates: one pixel.
    assert picture - base >= (1 if estimated else len(PNG)), "image"
    thinking = count(thinking={"type": "enabled", "budget_tokens": 2048})
    assert thinking >= base, "thinking"
    call = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Paris"}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "18 degrees"}
    turns = [*HELLO, {"role": "assistant", "content": [call]}, *user(result)]
    said = len("Paris18 degrees") // per_token
    assert count(messages=turns, tools=[WEATHER]) - tools >= said, "a conversation"
    try:
        client.messages.count_tokens(model=model, messages=[])
        raise AssertionError("no messages are nothing to count")
    except anthropic.BadRequestError as error:
        assert error.body["type"] == "error", error.body
        assert error.body["error"]["type"] == "invalid_request_error", error.body
    print("ok", model)


def natives(url):
    """Each vendor's own client, at its own vendor; and where nobody counts."""
    of = openai.OpenAI(base_url=f"{url}/v1", api_key="k", max_retries=0)
    for model in ["gpt", "mistral"]:
        short = of.responses.input_tokens.count(model=model, input="hello")
        long = of.responses.input_tokens.count(model=model, input="hello", instructions=SYSTEM)
        assert long.input_tokens > short.input_tokens > 0, (model, short, long)
    print("ok openai")

    options = types.HttpOptions(base_url=url, retry_options=types.HttpRetryOptions(attempts=1))
    google = genai.Client(api_key="k", http_options=options)
    for model in ["gemini", "vertex", "mistral"]:
        short = google.models.count_tokens(model=model, contents="hello")
        long = google.models.count_tokens(model=model, contents="hello there, you")
        assert long.total_tokens > short.total_tokens > 0, (model, short, long)
    print("ok google")

    aws = boto3.client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=url,
        config=Config(signature_version=UNSIGNED, retries={"max_attempts": 0}),
    )
    converse = {"messages": [{"role": "user", "content": [{"text": "hello"}]}]}
    short = aws.count_tokens(modelId="bedrock", input={"converse": converse})["inputTokens"]
    converse["system"] = [{"text": SYSTEM}]
    long = aws.count_tokens(modelId="bedrock", input={"converse": converse})["inputTokens"]
    assert long > short > 0, (short, long)
    print("ok aws")


url, models = sys.argv[1], sys.argv[2:]
split = models.index("--")
client = anthropic.Anthropic(base_url=url, api_key="k", max_retries=0)
for name in models[:split]:
    flows(client, name, estimated=False)
for name in models[split + 1 :]:
    flows(client, name, estimated=True)
natives(url)
