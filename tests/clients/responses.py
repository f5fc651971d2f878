"""What an application does with `client.responses` of the openai package.

argv[1] is a base URL, the mock's or the gateway's; stdin has a list of
{"model": ..., "failing": ...}, names of models, with "reasons": whether its reasoning
comes back sealed, and "openai": whether OpenAI answers (each true where it is not said).
Prints `ok` for each model and flow.
"""

import asyncio
import base64
import json
import sys

import openai
from pydantic import BaseModel

client = openai.OpenAI(base_url=sys.argv[1], api_key="anything", max_retries=0, timeout=20)
PNG = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
        "0000000c4944415408d763f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
    )
).decode()
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "strict": True,
}


class Answer(BaseModel):
    ok: bool
    city: str


def whole():
    reply = client.responses.create(model=MODEL, instructions="Be brief.", input="hello there")
    assert reply.output_text == "You said: hello there", reply
    assert reply.status == "completed" and reply.usage.total_tokens > reply.usage.input_tokens > 0, reply


def cut_short():
    words = " ".join(f"w{n}" for n in range(40))
    reply = client.responses.create(model=MODEL, input=words, max_output_tokens=16)
    assert reply.status == "incomplete" and reply.incomplete_details.reason == "max_output_tokens", reply


def stream():
    events = list(client.responses.create(model=MODEL, input="hello there", stream=True))
    text = "".join(e.delta for e in events if e.type == "response.output_text.delta")
    assert text == "You said: hello there", text
    assert [e.sequence_number for e in events] == list(range(len(events))), events
    assert events[-1].type == "response.completed" and events[-1].response.usage.output_tokens > 0, events[-1]


def helper():
    with client.responses.stream(model=MODEL, input="hello there") as events:
        final = events.get_final_response()
    assert final.output_text == "You said: hello there", final


def tools():
    """Two turns that keep nothing at the provider: reasoning goes back sealed."""
    more = {"model": MODEL, "tools": [WEATHER], "store": False, "include": ["reasoning.encrypted_content"]}
    turns = [{"role": "user", "content": "the weather in both places?"}]
    reply = client.responses.create(input=turns, reasoning={"effort": "low", "summary": "auto"}, **more)
    calls = [item for item in reply.output if item.type == "function_call"]
    thoughts = [item for item in reply.output if item.type == "reasoning"]
    assert len(calls) == 2, reply
    if given.get("reasons", True):
        assert reply.output[0] is thoughts[0] and thoughts[0].encrypted_content, reply
        assert thoughts[0].summary[0].text, reply
    turns += [item.model_dump(exclude_none=True) for item in reply.output]
    for call in calls:
        assert json.loads(call.arguments) == {"city": "Paris"}, call
        turns.append({"type": "function_call_output", "call_id": call.call_id, "output": "sunny"})
    reply = client.responses.create(input=turns, **more)
    assert reply.output_text.startswith("Tool said: sunny"), reply


def streamed_tools():
    with client.responses.stream(model=MODEL, input="the weather in Paris?", tools=[WEATHER]) as events:
        final = events.get_final_response()
    calls = [item for item in final.output if item.type == "function_call"]
    assert [json.loads(c.arguments) for c in calls] == [{"city": "Paris"}], final


def parse():
    reply = client.responses.parse(model=MODEL, input="hello", text_format=Answer)
    assert reply.output_parsed == Answer(ok=True, city="Paris"), reply


def parsed_stream():
    with client.responses.stream(model=MODEL, input="hello", text_format=Answer) as events:
        kinds = [e.type for e in events]
        final = events.get_final_response()
    assert kinds[0] == "response.created" and kinds[-1] == "response.completed", kinds
    assert final.output_parsed == Answer(ok=True, city="Paris"), final


def image():
    picture = {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}", "detail": "auto"}
    content = [{"type": "input_text", "text": "hello there"}, picture]
    reply = client.responses.create(model=MODEL, input=[{"role": "user", "content": content}])
    assert reply.output_text == "You said: hello there", reply


def asynchronous():
    async def both():
        package = openai.AsyncOpenAI(base_url=sys.argv[1], api_key="x", max_retries=0, timeout=20)
        async with package:
            reply = await package.responses.create(model=MODEL, input="hello there")
            async with package.responses.stream(model=MODEL, input="hello there") as events:
                return reply, await events.get_final_response()

    for reply in asyncio.run(both()):
        assert reply.output_text == "You said: hello there", reply


def kept():
    """What was said before, by its id: OpenAI's to know."""
    if given.get("openai", True):
        first = client.responses.create(model=MODEL, input="hello there")
        reply = client.responses.create(model=MODEL, input="go on", previous_response_id=first.id)
        assert reply.output_text == "You said: go on", reply
        return
    for more in [{"previous_response_id": "resp_1"}, {"conversation": "conv_1"}]:
        try:
            client.responses.create(model=MODEL, input="go on", **more)
        except openai.BadRequestError as e:
            assert e.param in more and "send the whole conversation" in e.body["message"], e
        else:
            raise AssertionError(f"{more}: taken")
    assert client.responses.create(model=MODEL, input="hi", store=True).store is False


def hosted():
    if given.get("openai", True):
        return
    try:
        client.responses.create(model=MODEL, input="hi", tools=[{"type": "web_search"}])
    except openai.BadRequestError as e:
        assert e.param == "tools[0].type" and "web_search" in e.body["message"], e
    else:
        raise AssertionError("web_search: taken")


def refused():
    try:
        client.responses.create(model=MODEL, input="hello", tool_choice={"type": "function", "name": "nope"})
    except openai.BadRequestError as e:
        assert e.param == "tool_choice" and e.body["message"], e
    else:
        raise AssertionError("a choice of no tool must be refused")


def broken_stream():
    """An error within a stream, which the package raises."""
    try:
        list(client.responses.create(model=given["failing"], input="hello there", stream=True))
    except openai.APIError as e:
        assert e.message, e
    else:
        raise AssertionError("an error event must raise")


FLOWS = [
    whole,
    cut_short,
    stream,
    helper,
    tools,
    streamed_tools,
    parse,
    parsed_stream,
    image,
    asynchronous,
    kept,
    hosted,
    refused,
    broken_stream,
]
for given in json.load(sys.stdin):
    MODEL = given["model"]
    for flow in FLOWS:
        flow()
        print("ok", MODEL, flow.__name__)
