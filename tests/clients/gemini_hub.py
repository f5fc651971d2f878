"""What an application does with the google-genai package, to models that do not speak
Gemini.

argv[1]: the gateway's base URL; argv[2:]: models. Prints `ok` for each model and flow.
"""

import asyncio
import sys

from google import genai
from google.genai import errors, types
from pydantic import BaseModel

client = genai.Client(
    api_key="a-client-key",
    http_options=types.HttpOptions(
        base_url=sys.argv[1], retry_options=types.HttpRetryOptions(attempts=1), timeout=20_000
    ),
)

WEATHER = types.Tool(
    function_declarations=[
        types.FunctionDeclaration(
            name="get_weather",
            description="The weather in a city.",
            parameters=types.Schema(
                type="OBJECT", properties={"city": types.Schema(type="STRING")}, required=["city"]
            ),
        )
    ]
)


def get_weather(city: str) -> str:
    """The weather in a city."""
    return "sunny"


def whole(model):
    reply = client.models.generate_content(
        model=model,
        contents="hello there",
        config=types.GenerateContentConfig(system_instruction="Be brief.", max_output_tokens=2000),
    )
    assert reply.text == "You said: hello there", reply
    assert reply.candidates[0].finish_reason == types.FinishReason.STOP, reply
    usage = reply.usage_metadata
    assert usage.candidates_token_count == 4, usage
    assert usage.total_token_count >= usage.prompt_token_count + 4, usage
    assert reply.response_id and reply.model_version, reply


def stream(model):
    chunks = list(client.models.generate_content_stream(model=model, contents="hello there"))
    assert "".join(c.text or "" for c in chunks) == "You said: hello there", chunks
    assert len(chunks) > 2, chunks
    assert chunks[-1].candidates[0].finish_reason == types.FinishReason.STOP, chunks[-1]
    assert chunks[-1].usage_metadata.candidates_token_count == 4, chunks[-1]


def automatic_calls(model):
    """The client calls the function by itself and sends the result back."""
    config = types.GenerateContentConfig(tools=[get_weather])
    reply = client.models.generate_content(
        model=model, contents="the weather in Paris?", config=config
    )
    assert reply.text == "Tool said: sunny", reply
    assert len(reply.automatic_function_calling_history) == 3, reply


def agent(model):
    """Ten turns of two calls each, every other one streamed, thoughts kept."""
    thinking = types.ThinkingConfig(thinking_budget=2000, include_thoughts=True)
    config = types.GenerateContentConfig(
        tools=[WEATHER], thinking_config=thinking, max_output_tokens=9000
    )
    chat = client.chats.create(model=model, config=config)

    def send(message, streamed):
        if not streamed:
            reply = chat.send_message(message)
            return reply.candidates[0].content.parts
        chunks = list(chat.send_message_stream(message))
        return [p for c in chunks for p in c.candidates[0].content.parts or []]

    for turn in range(10):
        streamed = turn % 2 == 1
        parts = send(f"turn {turn}: the weather in both cities?", streamed)
        calls = [p.function_call for p in parts if p.function_call]
        assert len(calls) == 2 and calls[0].id != calls[1].id, parts
        assert all(c.args["city"] for c in calls), calls
        # Half of the applications send no ids.
        results = [
            types.Part(
                function_response=types.FunctionResponse(
                    id=c.id if turn % 3 else None, name=c.name, response={"result": f"sun {turn}"}
                )
            )
            for c in calls
        ]
        parts = send(results, streamed)
        said = "".join(p.text or "" for p in parts if not p.thought)
        assert said.startswith(f"Tool said: sun {turn}"), parts
    history = chat.get_history(curated=True)
    assert sum(1 for c in history for p in c.parts if p.function_call) == 20, history


class City(BaseModel):
    city: str


def structured(model):
    schema = {"type": "OBJECT", "properties": {"city": {"type": "STRING"}}, "required": ["city"]}
    config = types.GenerateContentConfig(
        response_mime_type="application/json", response_schema=schema
    )
    reply = client.models.generate_content(model=model, contents="hi", config=config)
    assert reply.parsed == {"city": "Paris"}, reply
    config = types.GenerateContentConfig(
        response_mime_type="application/json", response_schema=City
    )
    reply = client.models.generate_content(model=model, contents="hi", config=config)
    assert reply.parsed == City(city="Paris"), reply


def asynchronous(model):
    async def both():
        whole = await client.aio.models.generate_content(model=model, contents="hello there")
        asked = client.aio.models.generate_content_stream(model=model, contents="hello there")
        return whole.text, "".join([chunk.text or "" async for chunk in await asked])

    said = asyncio.run(both())
    assert said == ("You said: hello there",) * 2, said


def image(model):
    # Bytes whose base64 differs in the URL's alphabet.
    part = types.Part.from_bytes(data=b"\x89PNG\xfb\xff\xfe\xff", mime_type="image/png")
    reply = client.models.generate_content(model=model, contents=[part, "hello there"])
    assert reply.text == "You said: hello there", reply


def refusal(model):
    config = types.GenerateContentConfig(tools=[types.Tool(google_search=types.GoogleSearch())])
    try:
        client.models.generate_content(model=model, contents="hi", config=config)
    except errors.ClientError as e:
        assert (e.code, e.status) == (400, "INVALID_ARGUMENT") and "googleSearch" in str(e), e
    else:
        raise AssertionError("not refused")


def busy(model):
    for spec, code, status in [
        ("status=429", 429, "RESOURCE_EXHAUSTED"),
        ("status=503", 503, "UNAVAILABLE"),
    ]:
        try:
            client.models.generate_content(model=f"{model}!{spec}", contents="hi")
        except errors.APIError as e:
            assert (e.code, e.status) == (code, status), e
        else:
            raise AssertionError(spec)


def broken_stream(model):
    heard = ""
    name = f"{model}!tokens=5;error-after=2"
    try:
        for chunk in client.models.generate_content_stream(model=name, contents="hi"):
            heard += chunk.text or ""
    except errors.APIError as e:
        assert heard == "w0 w1" and e.code >= 500, (heard, e)
    else:
        raise AssertionError("no error")


for model in sys.argv[2:]:
    for flow in [
        whole,
        stream,
        automatic_calls,
        agent,
        structured,
        asynchronous,
        image,
        refusal,
        busy,
        broken_stream,
    ]:
        flow(model)
        print("ok", model, flow.__name__)
