"""What the vendors' packages make of a 403.

argv[1]: the gateway's URL. The key `closed` belongs to a disabled team, `embeds` may
only embed. Prints `ok` for each flow.
"""

import sys

import anthropic
import openai

url = sys.argv[1].rstrip("/")
HELLO = [{"role": "user", "content": "hello there"}]


def refused(flow, error, words, call):
    try:
        call()
    except error as e:
        assert e.status_code == 403 and words in str(e), e
        print("ok", flow)
        return e
    raise AssertionError(flow)


for key, words in [("closed", "this account is disabled"), ("embeds", "may not call this endpoint")]:
    chat = openai.OpenAI(base_url=url + "/v1", api_key=key, max_retries=0, timeout=20)
    e = refused(
        f"openai {key}",
        openai.PermissionDeniedError,
        words,
        lambda: chat.chat.completions.create(model="gpt", messages=HELLO),
    )
    assert (e.type, e.code) == ("invalid_request_error", "permission_denied"), e
    messages = anthropic.Anthropic(base_url=url, api_key=key, max_retries=0, timeout=20)
    e = refused(
        f"anthropic {key}",
        anthropic.PermissionDeniedError,
        words,
        lambda: messages.messages.create(model="claude", max_tokens=9, messages=HELLO),
    )
    assert e.body["error"]["type"] == "permission_error", e.body
