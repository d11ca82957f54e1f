#!/usr/bin/env bash
# openapi-python-client 0.29.1 sends parameters in one way, whatever `style` and `explode` say. Read by openapi-core
# 0.23.1, of the same document.
#
# Expected: `style` and `explode` say how an array or an object becomes text: `explode: false` is ids=1,2, `deepObject`
#   is filter[color]=red, and an array in a path is 1,2 (OpenAPI 3.0.3, "Style Values"). A generated client does that,
#   or says when it is made that it cannot, as it does of arrays in headers.
# Seen: nothing is said. Arrays are repeated (ids=1&ids=2), an object's properties become parameters of their own
#   (color=red), also in place of one of that name that was given, and the array in a path is Python's "[1, 2]". A
#   server that reads by the document sees the first id, no filter at all, and the filter's size for the other one.
# Matters: what narrows a request is what is lost: a list of ids becomes one, and without its filter the server answers
#   with everything, with 200. The client's own types are right, and so is a request with one id.
# Documented: no. openapi-generators/openapi-python-client, issue 197, of 2020, and pull request 1296 (open) are on
#   `explode`; nothing on objects and paths.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check openapi-python-client==0.29.1 \
    ruff==0.14.6 openapi-core==0.23.1 werkzeug==3.1.4; } || exit 2

cat > api.yaml <<'YAML'
openapi: 3.0.3
info: {title: shop, version: "1"}
paths:
  /items:
    get:
      operationId: list
      parameters:
        - {name: ids, in: query, explode: false, schema: {type: array, items: {type: integer}}}
        - {name: size, in: query, schema: {type: integer}}
        - name: filter
          in: query
          style: deepObject
          explode: true
          schema: {type: object, properties: {color: {type: string}, size: {type: integer}}}
      responses: {"200": {description: items}}
  /items/{ids}:
    get:
      operationId: get
      parameters:
        - {name: ids, in: path, required: true, schema: {type: array, items: {type: integer}}}
      responses: {"200": {description: items}}
YAML
PATH=$PWD/venv/bin:$PATH openapi-python-client generate --path api.yaml --output-path made 2>&1 | tee seen
cat > run.py <<'PY'
import sys
from urllib.parse import unquote

import httpx
from openapi_core import OpenAPI
from openapi_core.contrib.werkzeug import WerkzeugOpenAPIRequest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

sys.path.insert(0, "made")
from shop_client import Client
from shop_client.api.default import get, list_
from shop_client.models import ListFilter

document = OpenAPI.from_file_path("api.yaml")


def read(url):
    result = document.unmarshal_request(WerkzeugOpenAPIRequest(Request(EnvironBuilder(url).get_environ())))
    query = {name: getattr(value, "__dict__", value) for name, value in result.parameters.query.items()}
    print(f"{unquote(url)}\n  is {query or result.parameters.path}, errors {len(result.errors)}")


def answer(request):
    read(request.url.raw_path.decode())
    return httpx.Response(200)


client = Client("http://shop.example", httpx_args={"transport": httpx.MockTransport(answer)})
print("- sent by openapi-python-client")
list_.sync_detailed(client=client, ids=[1, 2], size=5, filter_=ListFilter(color="red", size=3))
get.sync_detailed([1, 2], client=client)
print("- by the specification")
read("/items?ids=1,2&size=5&filter[color]=red&filter[size]=3")
read("/items/1,2")
PY
venv/bin/python run.py | tee -a seen
diff seen - <<'END'
Generating made
- sent by openapi-python-client
/items?ids=1&ids=2&size=3&color=red
  is {'ids': [1], 'size': 3}, errors 0
/items/[1, 2]
  is {}, errors 1
- by the specification
/items?ids=1,2&size=5&filter[color]=red&filter[size]=3
  is {'ids': [1, 2], 'size': 5, 'filter': {'color': 'red', 'size': 3}}, errors 0
/items/1,2
  is {'ids': [1, 2]}, errors 0
END
