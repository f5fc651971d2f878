"""Ranks with the cohere package, old client and new, and in Jina's words; run by
search.rs.

argv[1] is the gateway's URL; stdin has the models' names.
"""

import json
import sys
import urllib.request

import cohere

url = sys.argv[1]
models = json.load(sys.stdin)
DOCUMENTS = ["bread", "Paris is the capital of France", "water"]
ASK = {"query": "capital of France", "documents": DOCUMENTS, "top_n": 2}


def jina(**ask):
    data = json.dumps(ask).encode()
    headers = {"content-type": "application/json", "authorization": "Bearer anything"}
    request = urllib.request.Request(f"{url}/v1/rerank", data=data, headers=headers)
    with urllib.request.urlopen(request, timeout=20) as reply:
        return json.load(reply)


old = cohere.Client(api_key="anything", base_url=url, timeout=20)
new = cohere.ClientV2(api_key="anything", base_url=url, timeout=20)
for name in models:
    reply = new.rerank(model=name, **ASK)
    assert [r.index for r in reply.results][0] == 1 and len(reply.results) == 2, (name, reply)
    score = reply.results[0].relevance_score
    reply = old.rerank(model=name, return_documents=True, **ASK)
    best = reply.results[0]
    assert best.index == 1 and best.relevance_score == score, (name, reply)
    assert best.document.text == DOCUMENTS[1], (name, reply)
    reply = jina(model=name, return_documents=True, **ASK)
    best = reply["results"][0]
    assert best["index"] == 1 and best["relevance_score"] == score, (name, reply)
    assert best["document"]["text"] == DOCUMENTS[1] and len(reply["results"]) == 2, (name, reply)
    assert reply["model"] and isinstance(reply["usage"], dict), (name, reply)
    reply = jina(model=name, return_documents=False, **ASK)
    assert all("document" not in r for r in reply["results"]), (name, reply)
    print("ok", name)
