"""What OpenRouter's clients say of who serves them, with the openai package.

argv[1]: the gateway's base URL. Models: `first` at OpenAI (which is down) and Anthropic,
`second` at Gemini. Prints `ok` for each flow.
"""

import sys

import openai

client = openai.OpenAI(base_url=sys.argv[1], api_key="a-client-key", max_retries=0, timeout=20)
HELLO = [{"role": "user", "content": "hello there"}]


def ask(flow, provider, body=None, route=None, stream=False):
    headers = {"x-sluice-route": route} if route else None
    calls = client.chat.completions.with_raw_response
    raw = calls.create(
        model="first", messages=HELLO, extra_body=body, extra_headers=headers, stream=stream
    )
    reply = raw.parse()
    if stream:
        text = "".join(c.choices[0].delta.content or "" for c in reply if c.choices)
    else:
        text = reply.choices[0].message.content
    assert text == "You said: hello there", text
    assert raw.headers["x-sluice-provider"] == provider, (flow, raw.headers)
    print("ok", flow)


def refused(flow, param, body=None, route=None):
    try:
        ask(flow, "nobody", body, route)
    except openai.BadRequestError as e:
        assert e.param == param, e
        print("ok", flow)
        return
    raise AssertionError(flow)


for stream in [False, True]:
    ask("plain", "anthropic", stream=stream)
    # The first model's only provider left is down: the second model answers.
    models = {"models": ["second"], "provider": {"only": ["openai", "gemini"]}}
    ask("models", "gemini", models, stream=stream)
    order = {"provider": {"order": ["anthropic"], "allow_fallbacks": False}}
    ask("order", "anthropic", order, stream=stream)
    ask("price", "anthropic", {"provider": {"max_price": {"prompt": 1, "completion": 5}}}, stream=stream)
    ask("header", "gemini", route="models=second; ignore=openai,anthropic", stream=stream)
refused("excluded", "provider.only", {"provider": {"only": ["nobody"]}})
refused("unknown", "provider.colour", {"provider": {"colour": "red"}})
refused("unsorted", "x-sluice-route.sort", route="sort=latency")
