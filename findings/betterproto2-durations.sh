#!/usr/bin/env bash
# betterproto2 0.10.0 and betterproto 2.0.0b7 (Python): a negative duration is another one on the wire. Read by
# Google's protobuf 7.36.2.
#
# Expected: google.protobuf.Duration is signed, and its seconds and nanos have one sign (duration.proto); the timedelta
#   that such a field is in both libraries is the one that arrives.
# Seen: the whole seconds are cut towards zero and the rest is taken modulo a second: -0.5 s is sent as +0.5 s, and
#   -1.5 s as -1 s and +0.5 s, which is -0.5 s to a reader that adds them (both libraries) and invalid to one that
#   checks, as Google's JSON does. -2 s is right. Nothing is raised by who sends it.
# Matters: what is early is late: the skew of two clocks, a deadline that has passed, a lag that was made up. A wrong
#   value of the right size is stored and answered with; whole seconds, as tests have them, are right.
# Documented: no.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check betterproto2==0.10.0 \
    betterproto2_compiler==0.10.1 betterproto==2.0.0b7 grpcio-tools==1.85.1 protobuf==7.36.2; } || exit 2
cat > lag.proto <<'PROTO'
syntax = "proto3";
package lag;
import "google/protobuf/duration.proto";
message Lag { google.protobuf.Duration behind = 1; }
PROTO
mkdir made google_made
PATH=$PWD/venv/bin:$PATH venv/bin/python -m grpc_tools.protoc -I. --python_betterproto2_out=made \
    --python_out=google_made lag.proto 2> protoc.log || { cat protoc.log; exit 2; }

cat > write.py <<'PY'
from dataclasses import dataclass
from datetime import timedelta

import betterproto
from made.lag import Lag


@dataclass
class OldLag(betterproto.Message):
    behind: timedelta = betterproto.message_field(1)


for seconds in (1.5, -2, -0.5, -1.5):
    behind = timedelta(seconds=seconds)
    for kind in (Lag, OldLag):
        sent = bytes(kind(behind=behind))
        back = (kind.parse if kind is Lag else kind().parse)(sent).behind.total_seconds()
        print("betterproto2" if kind is Lag else "betterproto", seconds, sent.hex(), back)
PY
cat > read.py <<'PY'
import sys

sys.path.insert(0, "google_made")
from google.protobuf.json_format import MessageToDict
from lag_pb2 import Lag

for line in sys.stdin:
    library, seconds, sent, back = line.split()
    behind = Lag.FromString(bytes.fromhex(sent)).behind
    try:
        text = MessageToDict(behind)
    except ValueError:
        text = "invalid"
    print(f"{library}: {seconds} s is sent as {behind.seconds} s and {behind.nanos / 1e9:g} s,",
          f"read back {back}, Google's JSON {text}")
PY
venv/bin/python write.py > sent
venv/bin/python read.py < sent | tee seen
diff seen - <<'END'
betterproto2: 1.5 s is sent as 1 s and 0.5 s, read back 1.5, Google's JSON 1.500s
betterproto: 1.5 s is sent as 1 s and 0.5 s, read back 1.5, Google's JSON 1.500s
betterproto2: -2 s is sent as -2 s and 0 s, read back -2.0, Google's JSON -2s
betterproto: -2 s is sent as -2 s and 0 s, read back -2.0, Google's JSON -2s
betterproto2: -0.5 s is sent as 0 s and 0.5 s, read back 0.5, Google's JSON 0.500s
betterproto: -0.5 s is sent as 0 s and 0.5 s, read back 0.5, Google's JSON 0.500s
betterproto2: -1.5 s is sent as -1 s and 0.5 s, read back -0.5, Google's JSON invalid
betterproto: -1.5 s is sent as -1 s and 0.5 s, read back -0.5, Google's JSON invalid
END
