"""Lists models with the vendors' own packages.

    models.py URL KEY ALLOWED... -- DENIED...

ALLOWED: all that the key's owner sees, in order.
"""

import sys

import anthropic
import openai
from google import genai
from google.genai import errors, types

url, key = sys.argv[1:3]
names = sys.argv[3:]
split = names.index("--")
allowed, denied = names[:split], names[split + 1 :]
hello = [{"role": "user", "content": "hello there"}]


def fails(error, call):
    try:
        call()
    except error as e:
        return e
    raise AssertionError(f"{error} was to be raised")


of = openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0)
assert [m.id for m in of.models.list()] == allowed
for name in allowed:
    assert of.models.retrieve(name).id == name
    assert of.chat.completions.create(model=name, messages=hello).choices
for name in denied:
    one = fails(openai.NotFoundError, lambda: of.models.retrieve(name))
    call = fails(
        openai.NotFoundError, lambda: of.chat.completions.create(model=name, messages=hello)
    )
    assert one.code == call.code == "model_not_found", (one, call)
print("ok openai")

at = anthropic.Anthropic(base_url=url, api_key=key, max_retries=0)
# Several pages, one after the other.
listed = list(at.models.list(limit=1))
assert [m.id for m in listed] == allowed, listed
page = at.models.list(limit=1000)
assert (page.has_more, page.first_id, page.last_id) == (False, allowed[0], allowed[-1]), page
back = at.models.list(before_id=allowed[-1])
assert [m.id for m in back.data] == allowed[:-1], back
for model in listed:
    assert model.type == "model" and model.display_name == model.id, model
    assert model.created_at.year == 1970 and at.models.retrieve(model.id).id == model.id
claude = next(m for m in listed if m.id == "claude")
assert (claude.max_input_tokens, claude.max_tokens) == (200_000, 64_000), claude
for name in denied:
    for call in [
        lambda: at.models.retrieve(name),
        lambda: at.messages.create(model=name, max_tokens=9, messages=hello),
        lambda: at.messages.count_tokens(model=name, messages=hello),
    ]:
        e = fails(anthropic.NotFoundError, call)
        assert e.body["error"]["type"] == "not_found_error", e.body
e = fails(anthropic.BadRequestError, lambda: at.models.list(limit=1001))
assert "limit" in e.body["error"]["message"], e.body
fails(anthropic.AuthenticationError, lambda: at.with_options(api_key="x").models.list())
print("ok anthropic")

options = types.HttpOptions(base_url=url, retry_options=types.HttpRetryOptions(attempts=1))
google = genai.Client(api_key=key, http_options=options)
listed = list(google.models.list(config={"page_size": 1}))
assert [m.name for m in listed] == [f"models/{name}" for name in allowed], listed
for model in listed:
    assert google.models.get(model=model.name).display_name == model.display_name
    assert "generateContent" in model.supported_actions, model
claude = google.models.get(model="claude")
assert (claude.input_token_limit, claude.output_token_limit) == (200_000, 64_000), claude
for name in denied:
    for call in [
        lambda: google.models.get(model=name),
        lambda: google.models.generate_content(model=name, contents="hello there"),
    ]:
        e = fails(errors.ClientError, call)
        assert (e.code, e.status) == (404, "NOT_FOUND"), e
print("ok google")
