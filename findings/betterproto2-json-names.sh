#!/usr/bin/env bash
# betterproto2 0.10.0 (Python) cannot read its own JSON of a name with a digit, and reads an Int64Value as text.
#
# Expected: ProtoJSON names a field in lowerCamelCase, and a reader takes that name and the one of the .proto file;
#   64-bit integers are strings there, in wrappers too, and become integers again.
# Seen: address_line_2 is written as addressLine2, as Google's protobuf does it, and from_json of that text raises
#   KeyError "Unknown field 'address_line2'": the name is guessed back. Told to ignore unknown fields it drops the
#   value. Of an Int64Value it writes a number, and of Google's "7" it makes the string '7' in a field that is an int.
# Matters: a message with line_2 or sha_256 cannot be read from anybody's JSON, or is read without it; a nullable
#   number that came from Go or Java is a str, which compares and adds otherwise than in the tests of one side.
# Documented: no. protobuf.dev, "ProtoJSON Format", has both rules.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check betterproto2==0.10.0 \
    betterproto2_compiler==0.10.1 grpcio-tools==1.85.1 protobuf==7.36.2; } || exit 2
cat > home.proto <<'PROTO'
syntax = "proto3";
package home;
import "google/protobuf/wrappers.proto";
message Home {
  string address_line = 1;
  string address_line_2 = 2;
  google.protobuf.Int64Value number = 3;
  int64 plain = 4;
}
PROTO
mkdir made google_made
PATH=$PWD/venv/bin:$PATH venv/bin/python -m grpc_tools.protoc -I. --python_betterproto2_out=made \
    --python_out=google_made home.proto 2> protoc.log || { cat protoc.log; exit 2; }

cat > google_json.py <<'PY'
import sys

sys.path.insert(0, "google_made")
from google.protobuf.json_format import MessageToJson, Parse
from home_pb2 import Home

sent = Home.FromString(bytes.fromhex(sys.argv[1]))
Parse(sys.argv[2], Home())  # raises unless it reads what betterproto2 wrote
print(MessageToJson(sent, indent=None))
PY
cat > run.py <<'PY'
import subprocess
import sys

from made.home import Home


def read(text):
    try:
        return repr(Home.from_json(text))
    except KeyError:
        return f"KeyError; told to ignore unknown fields {Home.from_json(text, ignore_unknown_fields=True)!r}"


for home in (Home(address_line="a"), Home(address_line_2="b"), Home(plain=7), Home(number=7)):
    own = home.to_json()
    google = subprocess.run([sys.executable, "google_json.py", bytes(home).hex(), own], check=True, text=True,
                            capture_output=True).stdout.strip()
    print(f"own {own}: {read(own)}")
    print(f"Google's {google}: {read(google)}")
PY
venv/bin/python run.py | tee seen
diff seen - <<'END'
own {"addressLine": "a"}: Home(address_line='a')
Google's {"addressLine": "a"}: Home(address_line='a')
own {"addressLine2": "b"}: KeyError; told to ignore unknown fields Home()
Google's {"addressLine2": "b"}: KeyError; told to ignore unknown fields Home()
own {"plain": "7"}: Home(plain=7)
Google's {"plain": "7"}: Home(plain=7)
own {"number": 7}: Home(number=7)
Google's {"number": "7"}: Home(number='7')
END
