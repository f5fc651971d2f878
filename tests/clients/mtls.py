"""A client with a certificate: one POST over TLS; prints status and body as JSON."""

import http.client
import json
import ssl
import sys

call = json.load(sys.stdin)
context = ssl.create_default_context(cafile=call["ca"])
if call.get("cert"):
    context.load_cert_chain(call["cert"], call["key"])
connection = http.client.HTTPSConnection("localhost", call["port"], context=context, timeout=20)
try:
    headers = {"content-type": "application/json"} | call.get("headers", {})
    connection.request("POST", "/v1/chat/completions", json.dumps(call["body"]), headers)
    reply = connection.getresponse()
    print(json.dumps({"status": reply.status, "body": reply.read().decode()}))
except (ssl.SSLError, ConnectionError) as error:
    print(json.dumps({"status": 0, "body": type(error).__name__}))
