"""OpenAI's older completions with the openai package, to models old and new.

argv[1]: the gateway's base URL; argv[2:]: models. Prints `ok` for each model and flow.
"""

import asyncio
import sys

import openai

client = openai.OpenAI(base_url=sys.argv[1], api_key="a-client-key", max_retries=0, timeout=20)


def whole(model):
    reply = client.completions.create(model=model, prompt="hello there", max_tokens=2000)
    assert reply.object == "text_completion", reply
    assert reply.choices[0].text == "You said: hello there", reply
    assert reply.choices[0].finish_reason == "stop", reply
    assert reply.usage.completion_tokens == 4, reply


def stream(model):
    chunks = list(
        client.completions.create(
            model=model, prompt="hello there", stream=True, stream_options={"include_usage": True}
        )
    )
    text = "".join(choice.text for chunk in chunks for choice in chunk.choices)
    assert text == "You said: hello there", chunks
    assert chunks[-1].usage.completion_tokens == 4, chunks[-1]


def asynchronous(model):
    async def streamed():
        package = openai.AsyncOpenAI(base_url=sys.argv[1], api_key="x", max_retries=0, timeout=20)
        async with package:
            chunks = await package.completions.create(
                model=model, prompt="hello there", stream=True
            )
            return "".join([choice.text async for chunk in chunks for choice in chunk.choices])

    assert asyncio.run(streamed()) == "You said: hello there"


def busy(model):
    try:
        client.completions.create(model=f"{model}!status=429", prompt="hi")
    except openai.RateLimitError:
        pass
    else:
        raise AssertionError("not refused")


for model in sys.argv[2:]:
    for flow in [whole, stream, asynchronous, busy]:
        flow(model)
        print("ok", model, flow.__name__)
