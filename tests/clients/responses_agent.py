"""An agent of ten turns on `client.responses`, as frameworks write it: nothing kept at
the provider, every output item sent back, parallel calls, streamed.

Run by tests/e2e/clients_responses.rs: argv[1] is the gateway's base URL; stdin has a
list of {"model": ..., "thinks": whether its reasoning comes sealed}.
"""

import json
import sys

import openai

client = openai.OpenAI(base_url=sys.argv[1], api_key="anything", max_retries=0, timeout=20)
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather in a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "strict": True,
}
# The order in which OpenAI's own events of an item come.
INSIDE = {
    "message": ["content_part.added", "output_text.delta", "output_text.done", "content_part.done"],
    "function_call": ["function_call_arguments.delta", "function_call_arguments.done"],
    "reasoning": [
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
    ],
}


def check(events, final):
    kinds = [e.type.removeprefix("response.") for e in events]
    assert [e.sequence_number for e in events] == list(range(len(events))), events
    assert kinds[:2] == ["created", "in_progress"] and kinds[-1] == "completed", kinds
    for at, item in enumerate(final.output):
        own = [e for e in events if getattr(e, "output_index", None) == at]
        names = [e.type.removeprefix("response.") for e in own]
        seen = [name for i, name in enumerate(names) if names[i - 1 : i] != [name]]
        wanted = INSIDE[item.type]
        if item.type == "reasoning" and not item.summary:
            wanted = []
        assert seen == ["output_item.added", *wanted, "output_item.done"], seen
        assert own[-1].item.id == item.id == own[0].item.id, own


def turn(model, items):
    with client.responses.stream(
        model=model,
        instructions="Be brief.",
        input=items,
        tools=[WEATHER],
        reasoning={"effort": "low", "summary": "auto"},
        max_output_tokens=4000,
        store=False,
    ) as stream:
        events = list(stream)
        final = stream.get_final_response()
    check(events, final)
    assert final.store is False and final.status == "completed", final
    assert final.tools[0].name == "get_weather" and final.instructions == "Be brief.", final
    assert final.usage.total_tokens == final.usage.input_tokens + final.usage.output_tokens > 0, final
    return final


for given in json.load(sys.stdin):
    items, sealed = [], 0
    for lap in range(10):
        items.append({"role": "user", "content": f"the weather in both places? {lap}"})
        final = turn(given["model"], items)
        calls = [item for item in final.output if item.type == "function_call"]
        assert len(calls) == 2 and calls[0].call_id != calls[1].call_id, final
        sealed += sum(1 for item in final.output if item.type == "reasoning" and item.encrypted_content)
        items += [item.model_dump(exclude_none=True) for item in final.output]
        for call in calls:
            assert json.loads(call.arguments) == {"city": "Paris"}, call
            items.append({"type": "function_call_output", "call_id": call.call_id, "output": "sunny"})
        final = turn(given["model"], items)
        assert final.output_text.startswith("Tool said: sunny"), final
        items += [item.model_dump(exclude_none=True) for item in final.output]
        print("ok", given["model"], lap)
    assert bool(sealed) == given["thinks"], sealed
