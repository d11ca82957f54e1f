#!/usr/bin/env bash
# OpenTelemetry Python 1.45.2: OTEL_BSP_MAX_QUEUE_SIZE below 512, set alone, is an exception where the program starts.
#
# Expected: a smaller queue is a queue that drops sooner; the batch, whose default of 512 must not exceed it, shrinks
#   with it, as Node's (sdk-trace 3.1.0) does with a warning. Telemetry never ends a program ("Error handling in
#   OpenTelemetry").
# Seen: BatchSpanProcessor raises ValueError "max_export_batch_size must be less than or equal to max_queue_size.", for
#   a queue of 256 as for a batch of 4096 alone; a queue of "abc" is logged and replaced by the default. The log
#   records' OTEL_BLRP_MAX_QUEUE_SIZE is the same.
# Matters: the variable is lowered for all services of a namespace, to save memory, or the batch raised. Python's
#   services do not come up again, and the message names neither the variable that was set nor the one that is missing.
# Documented: the specification says that the batch must be smaller or equal, not what follows if it is not.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check opentelemetry-sdk==1.45.2; } || exit 2
npm install --silent --no-audit --no-fund @opentelemetry/sdk-trace@3.1.0 @opentelemetry/api@1.10.0 > npm.log || exit 2

cat > run.py <<'PY'
import logging

from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter

logging.disable()  # what it logs of "abc" is long
for processor in (BatchSpanProcessor, BatchLogRecordProcessor):
    try:
        processor(ConsoleSpanExporter()).shutdown()
        seen = "starts"
    except ValueError as error:
        seen = error
    print(f"python {processor.__name__}: {seen}")
PY
cat > run.cjs <<'JS'
const { diag } = require('@opentelemetry/api');
const { BatchSpanProcessor, InMemorySpanExporter } = require('@opentelemetry/sdk-trace');
const quiet = () => {};
diag.setLogger({ error: quiet, info: quiet, debug: quiet, verbose: quiet, warn: (text) => console.log('node warns:', text) });
new BatchSpanProcessor({ exporter: new InMemorySpanExporter(), maxQueueSize: 256 }).shutdown();
console.log('node BatchSpanProcessor: starts');
JS
{
    for set in OTEL_BSP_MAX_QUEUE_SIZE=512 OTEL_BSP_MAX_QUEUE_SIZE=abc OTEL_BSP_MAX_QUEUE_SIZE=256 \
        OTEL_BSP_MAX_EXPORT_BATCH_SIZE=4096 OTEL_BLRP_MAX_QUEUE_SIZE=256; do
        echo "$set"
        env "$set" venv/bin/python run.py
    done
    node run.cjs
} | tee seen
wrong='max_export_batch_size must be less than or equal to max_queue_size.'
diff seen - <<END
OTEL_BSP_MAX_QUEUE_SIZE=512
python BatchSpanProcessor: starts
python BatchLogRecordProcessor: starts
OTEL_BSP_MAX_QUEUE_SIZE=abc
python BatchSpanProcessor: starts
python BatchLogRecordProcessor: starts
OTEL_BSP_MAX_QUEUE_SIZE=256
python BatchSpanProcessor: $wrong
python BatchLogRecordProcessor: starts
OTEL_BSP_MAX_EXPORT_BATCH_SIZE=4096
python BatchSpanProcessor: $wrong
python BatchLogRecordProcessor: starts
OTEL_BLRP_MAX_QUEUE_SIZE=256
python BatchSpanProcessor: starts
python BatchLogRecordProcessor: $wrong
node warns: BatchSpanProcessor: maxExportBatchSize must be smaller or equal to maxQueueSize, setting maxExportBatchSize to match maxQueueSize
node BatchSpanProcessor: starts
END
