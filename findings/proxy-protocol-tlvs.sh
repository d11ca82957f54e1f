#!/usr/bin/env bash
# PROXY v2 headers with TLVs, as load balancers send them: proxy-protocol-js 4.0.6 (npm) glues the
# request to them, mastercactapus/proxyprotocol 0.0.4 (Go) refuses the connection.
#
# Expected: what follows the addresses, within the header's length field, are TLVs; a receiver skips
#   those it does not know (PROXY protocol 2.2), and the request begins after that length.
# Seen: proxy-protocol-js never looks at the length: its `data` is the TLVs and the request in one, and
#   its own build() of what it parsed announces a length without either. The Go library answers
#   "invalid length" to any header longer than its addresses. Both are right without TLVs.
# Matters: tests with haproxy's plain send-proxy-v2 pass. Cloud balancers (AWS adds its endpoint id,
#   Google its connection id, Azure its link id) send TLVs, where every request is spoilt or refused.
# Documented: no; neither README mentions TLVs.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund proxy-protocol-js@4.0.6 > npm.log || exit 2
cat > main.go <<'GO'
package main

import (
	"bufio"
	"fmt"
	"os"

	"github.com/mastercactapus/proxyprotocol"
)

func main() {
	for _, name := range os.Args[1:] {
		file, err := os.Open(name)
		if err != nil {
			panic(err)
		}
		stream := bufio.NewReader(file)
		header, err := proxyprotocol.Parse(stream)
		if err != nil {
			fmt.Println("go  ", name, "error:", err)
			continue
		}
		line, _ := stream.ReadString('\n')
		fmt.Printf("go   %s source %s, then %q\n", name, header.SrcAddr(), line)
	}
}
GO
{ (go mod init finding && go get github.com/mastercactapus/proxyprotocol@v0.0.4 && go mod tidy \
    && go build -o finding .) > go.log 2>&1; } || { tail -5 go.log; exit 2; }

cat > run.cjs <<'JS'
const fs = require('fs');
const { V2ProxyProtocol } = require('proxy-protocol-js');
const signature = Buffer.from('0d0a0d0a000d0a515549540a2111', 'hex');
const addresses = Buffer.from('c0000207c000020113880050', 'hex'); // 192.0.2.7:5000 to 192.0.2.1:80
const request = Buffer.from('GET /\n');
const tlv = Buffer.from('e00004', 'hex'); // a type of the range for applications, four bytes
for (const [name, extra] of [['plain', Buffer.alloc(0)], ['tlv', Buffer.concat([tlv, Buffer.from('abcd')])]]) {
  const length = Buffer.from([0, addresses.length + extra.length]);
  const bytes = Buffer.concat([signature, length, addresses, extra, request]);
  fs.writeFileSync(name, bytes);
  const parsed = V2ProxyProtocol.parse(bytes);
  const rebuilt = Buffer.from(parsed.build()).readUInt16BE(14);
  console.log(`node ${name} data ${JSON.stringify(Buffer.from(parsed.data).toString('latin1'))}, length field`,
    `${bytes.readUInt16BE(14)} rebuilt as ${rebuilt}`);
}
JS
{ node run.cjs; ./finding plain tlv; } | tee seen
diff seen - <<'END'
node plain data "GET /\n", length field 12 rebuilt as 12
node tlv data "à\u0000\u0004abcdGET /\n", length field 19 rebuilt as 12
go   plain source 192.0.2.7:5000, then "GET /\n"
go   tlv error: invalid length
END
