#!/usr/bin/env bash
# python-jose 3.5.0 and Authlib 1.9.10 (Python) and go-jose 4.1.9 (Go) fail on a JWK Set for a key that the token has
# nothing to do with. PyJWT 2.15.1, joserfc 1.8.0 (Python) and jose 6.2.18 (npm) beside them.
#
# Expected: a token names its key by `kid`; other keys of the set, of kinds that a library does not know, too, are
#   passed over ("SHOULD ignore", RFC 7517, 5).
# Seen: python-jose looks at no kid, takes one key after another for the algorithm of the token, and gives up at the
#   first of another kind: with [EC, RSA] a token by the EC key is right, with [RSA, EC] it is an error. Authlib
#   (authlib.jose) and go-jose fail as soon as one key of the set is of a new kind, here ML-DSA's AKP (RFC 9964),
#   wherever it stands.
# Matters: nobody can log in any more from the minute when the provider puts a second key beside the first, which is how
#   keys are changed; nothing was installed, and the tokens are still signed by the old key. Tests have one key.
# Documented: by issues alone: mpdavis/python-jose 138 of 2019 ("a design limitation") and 331, go-jose/go-jose 25 of
#   2023 and 276 of 2026, all open; go-jose had mended it and took it back (131), go-oidc 3.21.0 passes such keys over.
#   For Authlib no; it refers to joserfc, which is right.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check 'python-jose[cryptography]==3.5.0' \
    Authlib==1.9.10 joserfc==1.8.0 PyJWT==2.15.1 cryptography==50.0.2; } || exit 2
npm install --silent --no-audit --no-fund jose@6.2.18 > npm.log || exit 2
cat > main.go <<'GO'
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/go-jose/go-jose/v4"
)

func main() {
	for _, name := range os.Args[1:] {
		bytes, err := os.ReadFile(name)
		if err != nil {
			panic(err)
		}
		said := "right"
		var set jose.JSONWebKeySet
		if err := json.Unmarshal(bytes, &set); err != nil || len(set.Key("now")) != 1 {
			said = "error"
		}
		fmt.Printf("go-jose, %s: %s\n", name, said)
	}
}
GO
{ (go mod init finding && go get github.com/go-jose/go-jose/v4@v4.1.9 && go build -o finding .) > go.log 2>&1; } \
    || { tail -5 go.log; exit 2; }

cat > make.py <<'PY'
import base64
import json

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

key = ec.generate_private_key(ec.SECP256R1())
now = {**ECAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": "now", "use": "sig", "alg": "ES256"}
other = rsa.generate_private_key(65537, 2048).public_key()
other = {**RSAAlgorithm.to_jwk(other, as_dict=True), "kid": "other", "use": "sig", "alg": "RS256"}
new = {"kty": "AKP", "alg": "ML-DSA-44", "kid": "new", "use": "sig",
       "pub": base64.urlsafe_b64encode(bytes(1312)).rstrip(b"=").decode()}
sets = {"EC": [now], "EC+RSA": [now, other], "RSA+EC": [other, now], "EC+AKP": [now, new], "AKP+EC": [new, now]}
for name, keys in sets.items():
    with open(name, "w") as file:
        json.dump({"keys": keys}, file)
with open("token", "w") as file:
    file.write(jwt.encode({"sub": "me"}, key, algorithm="ES256", headers={"kid": "now"}))
PY
cat > run.py <<'PY'
import json
import sys

import authlib.jose
import jose.jwt
import joserfc.jwk
import joserfc.jwt
import jwt

with open("token") as file:
    token = file.read()


def by_authlib(keys):
    return authlib.jose.jwt.decode(token, authlib.jose.JsonWebKey.import_key_set(keys))


readers = {
    "python-jose": lambda keys: jose.jwt.decode(token, keys, algorithms=["ES256"]),
    "Authlib": by_authlib,
    "joserfc": lambda keys: joserfc.jwt.decode(token, joserfc.jwk.KeySet.import_key_set(keys)).claims,
    "PyJWT": lambda keys: jwt.decode(token, jwt.PyJWKSet.from_dict(keys)["now"], algorithms=["ES256"]),
}
for library, read in readers.items():
    for name in sys.argv[1:]:
        with open(name) as file:
            keys = json.load(file)
        try:
            said = "right" if read(keys)["sub"] == "me" else "wrong"
        except Exception as error:
            print(f"  {library}, {name}: {error!r}", file=sys.stderr)
            said = "error"
        print(f"{library}, {name}: {said}")
PY
cat > run.mjs <<'JS'
import fs from 'node:fs';
import { createLocalJWKSet, jwtVerify } from 'jose';

const token = fs.readFileSync('token', 'utf8');
for (const name of process.argv.slice(2)) {
  const keys = createLocalJWKSet(JSON.parse(fs.readFileSync(name, 'utf8')));
  const said = await jwtVerify(token, keys).then(() => 'right', () => 'error');
  console.log(`jose, ${name}: ${said}`);
}
JS
venv/bin/python make.py
sets=(EC EC+RSA RSA+EC EC+AKP AKP+EC)
{ venv/bin/python -W ignore run.py "${sets[@]}"; ./finding "${sets[@]}"; node run.mjs "${sets[@]}"; } | tee seen
grep error seen | diff - <(cat <<'END'
python-jose, RSA+EC: error
python-jose, AKP+EC: error
Authlib, EC+AKP: error
Authlib, AKP+EC: error
go-jose, EC+AKP: error
go-jose, AKP+EC: error
END
)
