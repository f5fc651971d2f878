"""Embeddings with the openai package; run by vendor_cohere.rs.

argv[1] is the gateway's base URL; stdin has the models by who is behind them.
"""

import json
import sys

import openai

client = openai.OpenAI(base_url=sys.argv[1], api_key="anything", max_retries=0, timeout=20)
models = json.load(sys.stdin)

for vendor, model in models.items():
    one = client.embeddings.create(model=model, input="hello there", dimensions=256)
    # The package asks for base64 and unpacks it, unless told otherwise.
    plain = client.embeddings.create(model=model, input="hello there", dimensions=256, encoding_format="float")
    assert len(one.data[0].embedding) == 256 and one.data[0].embedding == plain.data[0].embedding, vendor
    assert one.usage.prompt_tokens == 3 and one.usage.total_tokens == 3, one.usage
    two = client.embeddings.create(model=model, input=["one", "two"])
    assert [d.index for d in two.data] == [0, 1] and two.data[0].embedding != two.data[1].embedding, vendor
    print("ok", vendor)

tokens = {"input": [[1, 2, 3]]}
assert client.embeddings.create(model=models["openai"], **tokens).data
try:
    client.embeddings.create(model=models["cohere"], **tokens)
except openai.BadRequestError as e:
    assert e.param == "input[0]", e
else:
    raise AssertionError("tokens must be refused")
query = client.embeddings.create(model=models["cohere"], input="x", extra_body={"input_type": "search_query"})
assert query.data, query
try:
    client.embeddings.create(model=models["openai"], input="")
except openai.BadRequestError as e:
    assert e.body["message"], e
else:
    raise AssertionError("an empty text must be refused")
print("ok")
