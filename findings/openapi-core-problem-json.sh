#!/usr/bin/env bash
# openapi-core 0.23.1 (Python): answers of application/problem+json are checked as text, not as JSON.
#
# Expected: a body whose media type ends in +json is JSON (RFC 6839), above all that of RFC 9457, which is what an API
#   declares for its errors; a validator reads it and checks it by the schema.
# Seen: application/json and application/vnd.api+json are read; problem+json, merge-patch+json and others of the
#   suffix stay text. A right answer is then invalid wherever the schema has a `type`, and no data is handed out.
# Matters: the checks of a contract fail for its errors alone, by the very object that was asked for, on the day that a
#   service turns to the standard's media type. It is mended by extra_media_type_deserializers, for each name.
# Documented: that more deserializers can be given; not which media types are known (issue 224 asked for vnd.api+json).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check openapi-core==0.23.1; } || exit 2

cat > run.py <<'PY'
import json
import sys
import warnings

from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest, MockResponse

TYPED = {"type": "object", "required": ["title"], "properties": {"title": {"type": "string"}}}
RIGHT = {"title": "no such order"}
PROBLEM = "application/problem+json"
warnings.simplefilter("ignore")


def passes(media_type, schema, body, config=None):
    answer = {"description": "refused", "content": {media_type: {"schema": schema}}}
    description = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"},
                   "paths": {"/orders": {"get": {"responses": {"404": answer}}}}}
    checked = OpenAPI.from_dict(description, config=config).unmarshal_response(
        MockRequest("http://localhost", "get", "/orders"),
        MockResponse(json.dumps(body).encode(), status_code=404, content_type=media_type))
    return "refused" if checked.errors else f"passes as {type(checked.data).__name__}"


told = Config(extra_media_type_deserializers={PROBLEM: json.loads})
expected = [
    ("application/json", TYPED, RIGHT, None, "passes as dict"),
    ("application/vnd.api+json", TYPED, RIGHT, None, "passes as dict"),
    (PROBLEM, TYPED, RIGHT, None, "refused"),
    ("application/merge-patch+json", TYPED, RIGHT, None, "refused"),
    (PROBLEM, TYPED, RIGHT, told, "passes as dict"),
]
changed = False
for media_type, schema, body, config, right in expected:
    seen = passes(media_type, schema, body, config)
    print(f"{media_type}{', deserializer given' if config else ''}: {seen}")
    changed |= seen != right
sys.exit(changed)
PY
venv/bin/python run.py
