#!/usr/bin/env bash
# @grpc/proto-loader 0.8.1 with @grpc/grpc-js 1.14.7 (npm) and a server of grpcio 1.85.3: keys of map<int64, ...> are
# bytes in place of numbers, and a map that is sent back has one entry, of key 0.
#
# Expected: a map with 64-bit keys arrives with these keys; `longs: String`, which proto-loader's README recommends, is
#   for 64-bit values as text. What was received can be sent on.
# Seen: the key 7 is a text of eight characters, U+0007 and seven U+0000, and -2 is "þÿÿÿÿÿÿÿ", with any value of
#   `longs`. Fields, lists and values of maps are right, and so are maps with 32-bit keys. In a request such a key is
#   taken for 0 without an error: of three entries the server has one. A request made of {'7': ...} is right.
# Matters: looking up by the number finds nothing, which looks like an empty answer; JSON made of it has control
#   characters for names; read, change and write back (a stock per product id, a balance per account) loses all
#   entries but one. Fields by themselves work, so that nothing in the first tests shows it.
# Documented: protobuf.js's own README speaks of "an 8 characters long binary hash string" for such keys, proto-loader's
#   does not. protobufjs/protobuf.js, issue 1203, of 2019, was mended in protobufjs 8 by pull request 2186; proto-loader
#   rests on 7.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check grpcio==1.85.3 grpcio-tools==1.85.1; } \
    || exit 2
npm install --silent --no-audit --no-fund @grpc/proto-loader@0.8.1 @grpc/grpc-js@1.14.7 > npm.log || exit 2

cat > stock.proto <<'PROTO'
syntax = "proto3";
package shop;
message Stock {
  map<int64, int32> by_id = 1;
  map<int32, int32> by_shelf = 2;
  int64 newest = 3;
}
service Shop { rpc Exchange(Stock) returns (Stock); }
PROTO
cat > run.py <<'PY'
import subprocess
from concurrent import futures

import grpc

messages, services = grpc.protos_and_services("stock.proto")


class Shop(services.ShopServicer):
    def Exchange(self, request, context):
        by_id, by_shelf = sorted(request.by_id.items()), dict(request.by_shelf)
        print(f"python received: by id {by_id}, by shelf {by_shelf}, newest {request.newest}", flush=True)
        return messages.Stock(by_id={7: 5, 9: 5, -2: 5}, by_shelf={7: 5}, newest=7)


server = grpc.server(futures.ThreadPoolExecutor())
services.add_ShopServicer_to_server(Shop(), server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
subprocess.run(["node", "run.cjs", str(port)], check=True)
server.stop(0).wait()
PY
cat > run.cjs <<'JS'
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');
const definition = loader.loadSync('stock.proto', { keepCase: true, longs: String, defaults: true });
const { Shop } = grpc.loadPackageDefinition(definition).shop;
const client = new Shop(`127.0.0.1:${process.argv[2]}`, grpc.credentials.createInsecure());
const stock = { by_id: { 7: 5, 9: 5, '-2': 5 }, by_shelf: { 7: 5 }, newest: '7' };
client.Exchange(stock, (error, answer) => {
  if (error) throw error;
  console.log('node received: by id', Object.keys(answer.by_id).map((key) => JSON.stringify(key)).sort().join(' '));
  console.log(`by shelf ${JSON.stringify(answer.by_shelf)}, newest ${answer.newest}, of id 7: ${answer.by_id[7]}`);
  client.Exchange(answer, () => client.close());
});
JS
venv/bin/python run.py 2> python.log | tee seen
diff seen - <<'END'
python received: by id [(-2, 5), (7, 5), (9, 5)], by shelf {7: 5}, newest 7
node received: by id "\t\u0000\u0000\u0000\u0000\u0000\u0000\u0000" "\u0007\u0000\u0000\u0000\u0000\u0000\u0000\u0000" "þÿÿÿÿÿÿÿ"
by shelf {"7":5}, newest 7, of id 7: undefined
python received: by id [(0, 5)], by shelf {7: 5}, newest 7
END
