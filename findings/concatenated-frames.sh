#!/usr/bin/env bash
# LZ4 and Zstandard: of a file in two frames lz4 4.4.5 (Python), lz4-napi 2.10.0, lz4_flex 0.14.2 (Rust), ruzstd 0.9.1
# (Rust) and zstandard 0.25.0 (Python) read the first alone, and say that it went well.
#
# Expected: frames that stand behind each other are one content (LZ4 Frame Format, "Frame Concatenation"; RFC 8878, 3);
#   `lz4 -d` and `zstd -d` read them so, and gzip is so everywhere.
# Seen: the five drop what is behind the first frame, without an error. In lz4 and zstandard it depends on the function:
#   `open` reads all, `decompress` does not. cramjam 2.14.0 (Python), pierrec/lz4 4.1.33 and klauspost/compress 1.20.4
#   (Go) read all.
# Matters: a log that is appended to, `cat a.lz4 b.lz4`, pzstd, and writers that end a frame at each flush make such
#   files. A segment written in Go comes out of Rust or Node shorter, its checksums in order. Tests have one frame.
# Documented: zstandard's (issue 59, since 2018; a parameter that refuses the rest). lz4_flex's in its open pull request
#   206 alone; of lz4 and lz4-napi not, whose pages speak of "a frame".
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check \
    lz4==4.4.5 zstandard==0.25.0 cramjam==2.14.0; } || exit 2
npm install --silent --no-audit --no-fund lz4-napi@2.10.0 > npm.log || exit 2
cat > main.go <<'GO'
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	content := must(io.ReadAll(lz4.NewReader(must(os.Open("two.lz4")))))
	fmt.Printf("LZ4, pierrec/lz4: %q\n", content)
	content = must(io.ReadAll(must(zstd.NewReader(must(os.Open("two.zst"))))))
	fmt.Printf("Zstandard, klauspost/compress: %q\n", content)
}
GO
{ (go mod init finding && go get github.com/pierrec/lz4/v4@v4.1.33 github.com/klauspost/compress@v1.20.4 \
    && go mod tidy && go build -o by-go .) > go.log 2>&1; } || { tail -5 go.log; exit 2; }
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "finding"
version = "0.0.0"
edition = "2021"

[dependencies]
lz4_flex = "=0.14.2"
ruzstd = "=0.9.1"

[profile.dev]
debug = 0
TOML
cat > src/main.rs <<'RS'
use lz4_flex::frame::FrameDecoder;
use ruzstd::decoding::StreamingDecoder;
use std::{error::Error, fs::File, io::read_to_string};

fn main() -> Result<(), Box<dyn Error>> {
    println!("LZ4, lz4_flex: {:?}", read_to_string(FrameDecoder::new(File::open("two.lz4")?))?);
    println!("Zstandard, ruzstd: {:?}", read_to_string(StreamingDecoder::new(File::open("two.zst")?)?)?);
    Ok(())
}
RS
CARGO_TARGET_DIR=$dir/target cargo build --quiet || exit 2
cat > run.mjs <<'JS'
import fs from 'node:fs';
import lz4 from 'lz4-napi';

const content = lz4.decompressFrameSync(fs.readFileSync('two.lz4'));
console.log(`LZ4, lz4-napi: ${JSON.stringify(content.toString())}`);
JS
cat > run.py <<'PY'
import json

import cramjam
import lz4.frame
import zstandard


def read(function, name):
    with function(name) as file:
        return file.read()


with open("two.lz4", "wb") as file:
    file.write(lz4.frame.compress(b"first, ") + lz4.frame.compress(b"second"))
with open("two.zst", "wb") as file:
    file.write(zstandard.compress(b"first, ") + zstandard.compress(b"second"))
lz4_file, zstd_file = read(lambda name: open(name, "rb"), "two.lz4"), read(lambda name: open(name, "rb"), "two.zst")
for name, content in {
    "LZ4, lz4.frame.decompress": lz4.frame.decompress(lz4_file),
    "LZ4, lz4.frame.open": read(lz4.frame.open, "two.lz4"),
    "LZ4, cramjam": cramjam.lz4.decompress(lz4_file),
    "Zstandard, zstandard.decompress": zstandard.decompress(zstd_file),
    "Zstandard, zstandard.open": read(zstandard.open, "two.zst"),
    "Zstandard, cramjam": cramjam.zstd.decompress(zstd_file),
}.items():
    print(f"{name}: {json.dumps(bytes(content).decode())}")
PY
{ venv/bin/python run.py; node run.mjs; target/debug/finding; ./by-go; } > all
LC_ALL=C sort all | tee seen
diff seen - <<'END'
LZ4, cramjam: "first, second"
LZ4, lz4-napi: "first, "
LZ4, lz4.frame.decompress: "first, "
LZ4, lz4.frame.open: "first, second"
LZ4, lz4_flex: "first, "
LZ4, pierrec/lz4: "first, second"
Zstandard, cramjam: "first, second"
Zstandard, klauspost/compress: "first, second"
Zstandard, ruzstd: "first, "
Zstandard, zstandard.decompress: "first, "
Zstandard, zstandard.open: "first, second"
END
