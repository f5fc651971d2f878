"""Checks a signature (AWS, version 4) with botocore's own arithmetic.

Reads {method, path, headers, body} as a provider received them from stdin.
"""

import hashlib
import http.client
import json
import re
import sys

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

call = json.load(sys.stdin)
headers = {name: value for name, value in call["headers"]}
authorization = headers["authorization"]
scope, names, signature = re.fullmatch(
    r"AWS4-HMAC-SHA256 Credential=(\S+), SignedHeaders=(\S+), Signature=([0-9a-f]{64})",
    authorization,
).groups()
assert scope.startswith("AKIDEXAMPLE/") and scope.endswith("/us-east-1/bedrock/aws4_request"), scope
names = names.split(";")
assert {"host", "x-amz-date", "x-amz-security-token"} <= set(names), names
assert not [n for n in names if n.startswith(("x-sluice-", "x-envoy-"))], names
assert headers["x-amz-content-sha256"] == hashlib.sha256(call["body"].encode()).hexdigest()

request = AWSRequest(call["method"], f"https://{headers['host']}{call['path']}", data=call["body"].encode())
request.headers["x-amz-content-sha256"] = headers["x-amz-content-sha256"]
request.context["timestamp"] = headers["x-amz-date"]
signed = http.client.HTTPMessage()
for name in names:
    signed[name] = headers[name]
credentials = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "session")
signer = SigV4Auth(credentials, "bedrock", "us-east-1")
signer.headers_to_sign = lambda _: signed
canonical = signer.canonical_request(request)
assert signer.signature(signer.string_to_sign(request, canonical), request) == signature, canonical
