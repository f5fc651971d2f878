"""Embeddings with the openai package; run by search.rs.

argv[1] is the gateway's base URL; stdin has the models: `several` texts in one call,
`tokens` for text, a size of vectors (`dimensions`).
"""

import json
import sys

import openai

client = openai.OpenAI(base_url=sys.argv[1], api_key="anything", max_retries=0, timeout=20)
models = json.load(sys.stdin)


def refused(what, param, **ask):
    try:
        client.embeddings.create(**ask)
    except openai.BadRequestError as e:
        assert e.param == param and e.body["message"], (what, e)
    else:
        raise AssertionError(f"{what} must be refused")


for name, takes in models.items():
    size = takes["dimensions"]
    asked = {"model": name, "dimensions": size} if size else {"model": name}
    # The package asks for base64 and unpacks it, unless told otherwise.
    one = client.embeddings.create(input="hello there", **asked)
    plain = client.embeddings.create(input="hello there", encoding_format="float", **asked)
    vector = one.data[0].embedding
    assert vector == plain.data[0].embedding and len(vector) == (size or len(vector)), name
    assert one.object == "list" and one.model and one.data[0].object == "embedding", one
    assert one.usage.prompt_tokens == 3 and one.usage.total_tokens == 3, (name, one.usage)
    listed = client.embeddings.create(input=["hello there"], **asked)
    assert listed.data[0].embedding == vector, name
    texts = ["one", "two", "hello there", "one"]
    if takes["several"]:
        for format in ["base64", "float"]:
            many = client.embeddings.create(input=texts, encoding_format=format, **asked).data
            assert [d.index for d in many] == [0, 1, 2, 3], name
            if format == "float":
                assert many[2].embedding == vector and many[0].embedding == many[3].embedding, name
                assert many[0].embedding != many[1].embedding, name
    else:
        refused(name, "input", input=texts, **asked)
    if takes["tokens"]:
        assert client.embeddings.create(input=[1, 2, 3], **asked).data, name
    else:
        refused(name, "input", input=[[1, 2, 3]], **asked)
    print("ok", name)
