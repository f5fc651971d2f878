"""Streams that end with a comment (`: x-sluice-cost-usd ..`), read by every vendor's own
package: none may stumble over it, and each must find its connection fit for a second call.

argv[1]: the gateway's base URL; argv[2:]: models. Prints `ok` for each model and package.
"""

import sys

import anthropic
import cohere
import openai
from google import genai
from google.genai import types

url, models = sys.argv[1], sys.argv[2:]
SAID = "You said: hello there"
hello = [{"role": "user", "content": "hello there"}]
chats = openai.OpenAI(base_url=f"{url}/v1", api_key="k", max_retries=0)
claude = anthropic.Anthropic(base_url=url, api_key="k", max_retries=0)
google = genai.Client(
    api_key="k",
    http_options=types.HttpOptions(
        base_url=url, retry_options=types.HttpRetryOptions(attempts=1), timeout=20_000
    ),
)


def completions(model):
    chunks = chats.chat.completions.create(model=model, messages=hello, stream=True)
    return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)


def responses(model):
    events = list(chats.responses.create(model=model, input="hello there", stream=True))
    assert events[-1].type == "response.completed", events[-1]
    return events[-1].response.output_text


def messages(model):
    with claude.messages.stream(model=model, max_tokens=99, messages=hello) as stream:
        return stream.get_final_text()


def contents(model):
    chunks = google.models.generate_content_stream(model=model, contents="hello there")
    return "".join(c.text or "" for c in chunks)


def own(model):
    client = cohere.ClientV2(api_key="k", base_url=url, timeout=20)
    events = client.chat_stream(model=model, messages=hello)
    return "".join(e.delta.message.content.text for e in events if e.type == "content-delta")


for model in models:
    flows = [completions, responses, messages, contents]
    for flow in flows + ([own] if model.startswith("command") else []):
        for _ in range(2):
            said = flow(model)
            assert said == SAID, (model, flow.__name__, said)
        print("ok", model, flow.__name__)
