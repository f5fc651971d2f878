"""What an application does with the google-genai package.

argv[1] is a base URL: of the mock, or of a gateway that passes Gemini on. Prints
`ok` for each thing that held.
"""

import sys

from google import genai
from google.genai import errors, types

FLASH = "gemini-3-flash-preview"
client = genai.Client(
    api_key="a-client-key",
    http_options=types.HttpOptions(
        base_url=sys.argv[1], retry_options=types.HttpRetryOptions(attempts=1), timeout=20_000
    ),
)


def get_weather(city: str) -> str:
    """The weather in a city."""
    return "sunny"


def whole():
    reply = client.models.generate_content(model=FLASH, contents="hello there")
    assert reply.text == "You said: hello there", reply
    assert reply.candidates[0].finish_reason == types.FinishReason.STOP
    assert reply.usage_metadata.total_token_count == 7, reply.usage_metadata


def stream():
    chunks = list(client.models.generate_content_stream(model=FLASH, contents="hello there"))
    assert "".join(c.text or "" for c in chunks) == "You said: hello there", chunks
    assert chunks[-1].usage_metadata.candidates_token_count == 4, chunks[-1]


def conversation():
    """A chat of its own: signatures and thoughts come back as the client keeps them."""
    config = types.GenerateContentConfig(
        system_instruction="Be brief.",
        thinking_config=types.ThinkingConfig(thinking_level="low", include_thoughts=True),
    )
    chat = client.chats.create(model=FLASH, config=config)
    first = chat.send_message("one")
    assert first.candidates[0].content.parts[0].thought, first
    assert first.usage_metadata.thoughts_token_count == 7, first
    assert chat.send_message("two").text == "You said: two"


def automatic_calls():
    """The client calls the function by itself and sends the result with the signature."""
    config = types.GenerateContentConfig(tools=[get_weather])
    reply = client.models.generate_content(model=FLASH, contents="the weather in Paris?", config=config)
    assert reply.text == "Tool said: sunny", reply
    assert len(reply.automatic_function_calling_history) == 3, reply


def structured():
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    config = types.GenerateContentConfig(response_mime_type="application/json", response_json_schema=schema)
    reply = client.models.generate_content(model=FLASH, contents="hi", config=config)
    assert reply.parsed == {"city": "Paris"}, reply


def image():
    part = types.Part.from_bytes(data=b"\x89PNG", mime_type="image/png")
    reply = client.models.generate_content(model=FLASH, contents=[part, "hello there"])
    assert reply.text == "You said: hello there", reply


def embeddings():
    reply = client.models.embed_content(model="gemini-embedding-001", contents=["a", "b"])
    assert len(reply.embeddings) == 2 and len(reply.embeddings[0].values) == 16, reply


def refusal():
    try:
        client.models.generate_content(model=FLASH, contents="hi", config={"temperature": 9})
    except errors.ClientError as e:
        assert (e.code, e.status) == (400, "INVALID_ARGUMENT"), e
    else:
        raise AssertionError("not refused")


def busy():
    for spec, code, status in [("status=429", 429, "RESOURCE_EXHAUSTED"), ("status=503", 503, "UNAVAILABLE")]:
        try:
            client.models.generate_content(model=f"{FLASH}!{spec}", contents="hi")
        except errors.APIError as e:
            assert (e.code, e.status) == (code, status), e
        else:
            raise AssertionError(spec)


def broken_stream():
    heard = ""
    try:
        for chunk in client.models.generate_content_stream(model=f"{FLASH}!tokens=5;error-after=2", contents="hi"):
            heard += chunk.text or ""
    except errors.APIError as e:
        assert heard == "w0 w1" and e.code == 503, (heard, e)
    else:
        raise AssertionError("no error")


for flow in [whole, stream, conversation, automatic_calls, structured, image, embeddings, refusal, busy, broken_stream]:
    flow()
    print("ok", flow.__name__)
