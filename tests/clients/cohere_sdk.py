"""What an application does with the cohere package; run by vendor_cohere.rs.

argv[1] is the base URL: the mock's own, to see that it is one of Cohere's kind, or
the gateway's, which passes this dialect on. stdin has the names of the models.
"""

import base64
import json
import struct
import sys

import cohere
from cohere.core.api_error import ApiError

client = cohere.ClientV2(api_key="anything", base_url=sys.argv[1], timeout=20)
models = json.load(sys.stdin)
ONCE = {"max_retries": 0}
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def user(text):
    return [{"role": "user", "content": text}]


def chat():
    reply = client.chat(model=models["chat"], messages=user("hello there"), temperature=0.5, p=0.9, k=10, seed=7)
    assert reply.message.content[0].text == "You said: hello there", reply
    assert reply.finish_reason == "COMPLETE" and reply.id, reply
    assert reply.usage.tokens.output_tokens == 4 and reply.usage.billed_units.input_tokens == 3, reply
    reply = client.chat(
        model=models["chat"],
        messages=[{"role": "system", "content": "Be brief."}, *user("hello there")],
        max_tokens=2,
        logprobs=True,
        safety_mode="STRICT",
    )
    assert reply.finish_reason == "MAX_TOKENS" and reply.logprobs[0].text == "You", reply


def stream():
    events = list(client.chat_stream(model=models["chat"], messages=user("hello there")))
    assert [events[0].type, events[1].type, events[-1].type] == ["message-start", "content-start", "message-end"]
    text = "".join(e.delta.message.content.text for e in events if e.type == "content-delta")
    assert text == "You said: hello there", text
    assert events[-1].delta.finish_reason == "COMPLETE" and events[-1].delta.usage.tokens.output_tokens == 4


def tools():
    messages = user("the weather in both places?")
    reply = client.chat(model=models["chat"], messages=messages, tools=[WEATHER], strict_tools=True)
    calls = reply.message.tool_calls
    assert reply.finish_reason == "TOOL_CALL" and len(calls) == 2, reply
    assert reply.message.tool_plan == "I will use get_weather.", reply
    assert json.loads(calls[0].function.arguments) == {"city": "Paris"}, reply
    messages.append(reply.message)
    document = [{"type": "document", "document": {"data": {"weather": "sunny"}}}]
    messages += [{"role": "tool", "tool_call_id": c.id, "content": document} for c in calls]
    reply = client.chat(model=models["chat"], messages=messages, tools=[WEATHER])
    assert reply.message.content[0].text.startswith("Tool said:"), reply


def streamed_tools():
    names, arguments = [], {}
    events = client.chat_stream(
        model=models["chat"], messages=user("hello"), tools=[WEATHER], tool_choice="REQUIRED"
    )
    for event in events:
        if event.type == "tool-call-start":
            names.append(event.delta.message.tool_calls.function.name)
        if event.type == "tool-call-delta":
            piece = event.delta.message.tool_calls.function.arguments
            arguments[event.index] = arguments.get(event.index, "") + piece
    assert names == ["get_weather"] and json.loads(arguments[0]) == {"city": "Paris"}, (names, arguments)


def structured():
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    format = {"type": "json_object", "json_schema": schema}
    reply = client.chat(model=models["chat"], messages=user("Generate a JSON"), response_format=format)
    assert json.loads(reply.message.content[0].text) == {"city": "Paris"}, reply


def thinking():
    budget = {"type": "enabled", "token_budget": 500}
    messages = user("hello there")
    reply = client.chat(model=models["chat"], messages=messages, thinking=budget)
    assert [c.type for c in reply.message.content] == ["thinking", "text"], reply
    messages += [reply.message, *user("go on")]
    events = list(client.chat_stream(model=models["chat"], messages=messages, thinking=budget))
    deltas = [e.delta.message.content for e in events if e.type == "content-delta"]
    assert "".join(d.thinking or "" for d in deltas) == "Let me think.", deltas
    assert "".join(d.text or "" for d in deltas) == "You said: go on", deltas


def embed():
    reply = client.embed(
        model=models["embed"],
        texts=["one", "two"],
        input_type="search_document",
        embedding_types=["float", "base64", "int8"],
        output_dimension=256,
    )
    floats, packed = reply.embeddings.float_, reply.embeddings.base64
    assert len(floats) == 2 and len(floats[0]) == 256 and len(reply.embeddings.int8[1]) == 256
    assert list(struct.unpack("<256f", base64.b64decode(packed[1]))) == floats[1]
    assert reply.meta.billed_units.input_tokens == 2, reply.meta


def rerank():
    documents = ["bread", "Paris is the capital of France", "water"]
    reply = client.rerank(model=models["rerank"], query="capital of France", documents=documents, top_n=2)
    assert [r.index for r in reply.results][0] == 1 and len(reply.results) == 2, reply
    assert reply.results[0].relevance_score > 0.5 and reply.meta.billed_units.search_units == 1, reply


def raises(kind, status, call):
    try:
        list(call() or [])
    except ApiError as e:
        assert isinstance(e, kind) and e.status_code == status, e
        assert isinstance(e.body, dict) and e.body["message"], e
        return
    raise AssertionError(f"must raise {kind}")


def errors():
    hello = {"messages": user("x"), "request_options": ONCE}
    name = models["chat"]
    raises(cohere.BadRequestError, 400, lambda: client.chat(model=name, temperature=9, **hello))
    raises(cohere.BadRequestError, 400, lambda: client.chat(model=name, messages=[], request_options=ONCE))
    raises(cohere.TooManyRequestsError, 429, lambda: client.chat(model=models["busy"], **hello))
    raises(cohere.TooManyRequestsError, 429, lambda: client.chat_stream(model=models["busy"], **hello))
    embed = {"texts": ["x"] * 97, "input_type": "search_query", "request_options": ONCE}
    raises(cohere.BadRequestError, 400, lambda: client.embed(model=models["embed"], **embed))
    ask = {"query": "x", "documents": [], "request_options": ONCE}
    raises(cohere.BadRequestError, 400, lambda: client.rerank(model=models["rerank"], **ask))
    events = list(client.chat_stream(model=models["broken"], messages=user("hello there")))
    assert events[-1].type == "message-end" and events[-1].delta.finish_reason == "ERROR", events
    assert events[-1].delta.error, events


for flow in [chat, stream, tools, streamed_tools, structured, thinking, embed, rerank, errors]:
    flow()
    print("ok", flow.__name__)
