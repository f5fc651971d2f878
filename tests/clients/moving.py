"""One conversation of an agent goes from provider to provider, and to the vendor whose
words the client speaks: with the tools' results of one model's calls, and back.

argv[1]: the gateway's base URL. The models `reasoner` (OpenAI), `gemini`, `cohere`,
`claude` (Anthropic), `bedrock` and `own` are the gateway's. Prints `ok` for each step.
"""

import sys

import anthropic
import openai
from google import genai
from google.genai import types

URL = sys.argv[1]
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def steps(models):
    """From each to each, the first one first."""
    return [(a, b) for a in models for b in models]


def messages():
    client = anthropic.Anthropic(base_url=URL, api_key="k", max_retries=0, timeout=20)
    tools = [{"name": "weather", "description": "The weather.", "input_schema": CITY}]
    asked = {"max_tokens": 4096, "tools": tools, "thinking": {"type": "enabled", "budget_tokens": 2048}}
    said, ours = [], 0

    def turn(model, content, streamed):
        said.append({"role": "user", "content": content})
        if streamed:
            with client.messages.stream(model=model, messages=said, **asked) as stream:
                message = stream.get_final_message()
        else:
            message = client.messages.create(model=model, messages=said, **asked)
        said.append({"role": "assistant", "content": message.content})
        return message

    for n, (one, other) in enumerate(steps(["reasoner", "claude", "gemini", "bedrock", "cohere"])):
        first = turn(one, f"the weather in both places? {n}", n % 2 == 0)
        uses = [b for b in first.content if b.type == "tool_use"]
        assert len(uses) == 2 and first.stop_reason == "tool_use", first
        ours += sum(
            (b.type == "redacted_thinking" and b.data.startswith("sluice:"))
            or (b.type == "thinking" and not b.signature)
            for b in first.content
        )
        results = [{"type": "tool_result", "tool_use_id": u.id, "content": "sunny"} for u in uses]
        second = turn(other, results, n % 3 == 0)
        assert second.content[-1].text.startswith("Tool said: sunny"), second
        print("ok messages", one, other)
    assert ours >= 10, ours


def gemini():
    options = types.HttpOptions(
        base_url=URL, retry_options=types.HttpRetryOptions(attempts=1), timeout=20_000
    )
    client = genai.Client(api_key="k", http_options=options)
    declared = types.FunctionDeclaration(name="weather", parameters_json_schema=CITY)
    config = types.GenerateContentConfig(
        tools=[types.Tool(function_declarations=[declared])],
        thinking_config=types.ThinkingConfig(thinking_level="low", include_thoughts=True),
        max_output_tokens=9000,
    )
    said, ours = [], 0

    def turn(model, parts, streamed):
        said.append(types.Content(role="user", parts=parts))
        ask = {"model": model, "contents": said, "config": config}
        if streamed:
            chunks = list(client.models.generate_content_stream(**ask))
            parts = [p for c in chunks for p in c.candidates[0].content.parts or []]
        else:
            parts = client.models.generate_content(**ask).candidates[0].content.parts
        said.append(types.Content(role="model", parts=parts))
        return parts

    for n, (one, other) in enumerate(steps(["reasoner", "gemini", "claude", "plain"])):
        parts = turn(one, [types.Part(text=f"the weather in both places? {n}")], n % 2 == 0)
        calls = [p.function_call for p in parts if p.function_call]
        assert len(calls) == 2, parts
        ours += sum((p.thought_signature or b"").startswith(b'{"thinking_blocks"') for p in parts)
        results = [
            types.FunctionResponse(id=c.id, name=c.name, response={"output": "sunny"}) for c in calls
        ]
        parts = turn(other, [types.Part(function_response=r) for r in results], n % 3 == 0)
        text = "".join(p.text or "" for p in parts if not p.thought)
        assert text.startswith("Tool said: sunny"), parts
        print("ok gemini", one, other)
    assert ours >= 12, ours


def responses():
    client = openai.OpenAI(base_url=URL + "/v1", api_key="k", max_retries=0, timeout=20)
    tool = {"type": "function", "name": "weather", "parameters": CITY, "strict": False}
    items, ours = [], 0

    def turn(model):
        final = client.responses.create(
            model=model,
            input=items,
            tools=[tool],
            reasoning={"effort": "low", "summary": "auto"},
            include=["reasoning.encrypted_content"],
            max_output_tokens=9000,
            store=False,
        )
        items.extend(item.model_dump(exclude_none=True) for item in final.output)
        return final

    for n, (one, other) in enumerate(steps(["claude", "reasoner", "gemini", "cohere"])):
        items.append({"role": "user", "content": f"the weather in both places? {n}"})
        first = turn(one)
        calls = [item for item in first.output if item.type == "function_call"]
        assert len(calls) == 2, first
        sealed = [i.encrypted_content or "" for i in first.output if i.type == "reasoning"]
        ours += sum(s.startswith("sluice1.") for s in sealed)
        for call in calls:
            items.append({"type": "function_call_output", "call_id": call.call_id, "output": "sunny"})
        second = turn(other)
        assert second.output_text.startswith("Tool said: sunny"), second
        print("ok responses", one, other)
    assert ours >= 8, ours


for flow in [messages, gemini, responses]:
    flow()
