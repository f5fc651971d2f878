"""Azure OpenAI as its users call it: the dated API with the package's Azure client,
the v1 API with its plain one.

Run by tests/e2e/vendor_openai.rs against the mock: argv[1] is its address.
"""

import sys

import openai

ADDRESS = sys.argv[1]
HELLO = [{"role": "user", "content": "hello there"}]
dated = openai.AzureOpenAI(
    azure_endpoint=ADDRESS, api_key="key", api_version="2024-10-21", max_retries=0, timeout=20
)
token = openai.AzureOpenAI(
    azure_endpoint=ADDRESS, azure_ad_token="token", api_version="2025-04-01-preview", max_retries=0, timeout=20
)
v1 = openai.OpenAI(base_url=f"{ADDRESS}/openai/v1", api_key="key", max_retries=0, timeout=20)


def filtered(results):
    return {name: found["filtered"] for name, found in results.items()}


def whole(client):
    reply = client.chat.completions.create(model="my-deployment", messages=HELLO)
    assert reply.choices[0].message.content == "You said: hello there", reply
    assert not any(filtered(reply.choices[0].content_filter_results).values()), reply
    assert reply.prompt_filter_results[0]["prompt_index"] == 0, reply


def stream(client):
    chunks = list(client.chat.completions.create(model="my-deployment", messages=HELLO, stream=True))
    assert not chunks[0].choices and chunks[0].prompt_filter_results, chunks[0]
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == "You said: hello there", text


def content_filter(client):
    try:
        client.chat.completions.create(model="m!filter=there", messages=HELLO)
    except openai.BadRequestError as e:
        assert e.code == "content_filter" and e.param == "prompt", e
        assert e.body["innererror"]["code"] == "ResponsibleAIPolicyViolation", e.body
    else:
        raise AssertionError("a filtered prompt must raise")


def no_deployment(client):
    try:
        client.chat.completions.create(model="m!status=404", messages=HELLO)
    except openai.NotFoundError as e:
        assert e.code == "DeploymentNotFound", e
    else:
        raise AssertionError("a deployment that is not there must raise")


for name, client in [("dated", dated), ("token", token), ("v1", v1)]:
    for flow in [whole, stream, content_filter, no_deployment]:
        flow(client)
        print("ok", flow.__name__, name)
reply = v1.responses.create(model="my-deployment", input="hello there")
assert reply.output_text == "You said: hello there", reply
print("ok responses v1")
