#!/usr/bin/env bash
# OpenTelemetry's SDK of metrics for Node, 2.12.1: a view that takes an attribute from an observable counter exports the
# last observation for the sum. Beside it Python 1.45.2 and Go 1.47.0.
#
# Expected: observations of a callback that are one series without the attribute are added up, as the measurements of a
#   plain counter are (specification, metrics/supplementary-guidelines.md, "Asynchronous example: attribute removal in a
#   view").
# Seen: of 10 for one CPU and 20 for the other Node makes 20 with a view that keeps `state` alone, and 10 if they are
#   observed in the other order; Python and Go make 30. ObservableUpDownCounter is the same. The plain counter beside
#   them has 30 in all three.
# Matters: such a view is the usual cure for too many series, and observable counters carry what the system counts by
#   itself: CPU times, bytes of a device, connections of a pool. The series is there, it rises, and it is one part of
#   the whole, or now one part and now another. Nothing is logged.
# Documented: not for Node. The others had it and mended it: open-telemetry/opentelemetry-python issue 3008, -go 3439,
#   -java 4901, all from -specification 2905.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check opentelemetry-sdk==1.45.2; } || exit 2
npm install --silent --no-audit --no-fund @opentelemetry/sdk-metrics@2.12.1 @opentelemetry/api@1.9.1 > npm.log || exit 2
cat > main.go <<'GO'
package main

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

func attributes(cpu int) metric.MeasurementOption {
	return metric.WithAttributes(attribute.Int("cpu", cpu), attribute.String("state", "user"))
}

func main() {
	ctx := context.Background()
	for _, values := range [][]int64{{10, 20}, {20, 10}} {
		observe := func(_ context.Context, observer metric.Int64Observer) error {
			for cpu, value := range values {
				observer.Observe(value, attributes(cpu))
			}
			return nil
		}
		reader := sdk.NewManualReader()
		view := sdk.NewView(sdk.Instrument{Name: "*"}, sdk.Stream{AttributeFilter: attribute.NewAllowKeysFilter("state")})
		meter := sdk.NewMeterProvider(sdk.WithReader(reader), sdk.WithView(view)).Meter("finding")
		counter, _ := meter.Int64Counter("counter")
		for cpu, value := range values {
			counter.Add(ctx, value, attributes(cpu))
		}
		meter.Int64ObservableCounter("observable", metric.WithInt64Callback(observe))
		meter.Int64ObservableUpDownCounter("updown", metric.WithInt64Callback(observe))
		var seen metricdata.ResourceMetrics
		if err := reader.Collect(ctx, &seen); err != nil {
			panic(err)
		}
		fmt.Print("Go, ", values, ":")
		for _, each := range seen.ScopeMetrics[0].Metrics {
			for _, point := range each.Data.(metricdata.Sum[int64]).DataPoints {
				fmt.Print(" ", each.Name, " ", point.Value)
			}
		}
		fmt.Println()
	}
}
GO
{ (go mod init finding && go get go.opentelemetry.io/otel/sdk/metric@v1.47.0 && go mod tidy \
    && go build -o finding .) > go.log 2>&1; } || { tail -5 go.log; exit 2; }
cat > run.mjs <<'JS'
import { createAllowListAttributesProcessor, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';

class Reader extends MetricReader {
  async onForceFlush() {}
  async onShutdown() {}
}

for (const values of [[10, 20], [20, 10]]) {
  const reader = new Reader();
  const views = [{ instrumentName: '*', attributesProcessors: [createAllowListAttributesProcessor(['state'])] }];
  const meter = new MeterProvider({ readers: [reader], views }).getMeter('finding');
  const counter = meter.createCounter('counter');
  values.forEach((value, cpu) => counter.add(value, { cpu, state: 'user' }));
  const observe = (result) => values.forEach((value, cpu) => result.observe(value, { cpu, state: 'user' }));
  meter.createObservableCounter('observable').addCallback(observe);
  meter.createObservableUpDownCounter('updown').addCallback(observe);
  const { resourceMetrics } = await reader.collect();
  const seen = resourceMetrics.scopeMetrics[0].metrics.flatMap(({ descriptor, dataPoints }) =>
    dataPoints.map(({ value }) => `${descriptor.name} ${value}`));
  console.log(`Node, [${values.join(' ')}]:`, ...seen.sort());
}
JS
cat > run.py <<'PY'
from opentelemetry.metrics import Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.metrics.view import View

for values in ([10, 20], [20, 10]):
    reader = InMemoryMetricReader()
    provider = MeterProvider(metric_readers=[reader], views=[View(instrument_name="*", attribute_keys={"state"})])
    meter = provider.get_meter("finding")
    labelled = [(value, {"cpu": cpu, "state": "user"}) for cpu, value in enumerate(values)]
    counter = meter.create_counter("counter")
    for value, attributes in labelled:
        counter.add(value, attributes)
    observe = [lambda options, labelled=labelled: [Observation(*each) for each in labelled]]
    meter.create_observable_counter("observable", observe)
    meter.create_observable_up_down_counter("updown", observe)
    metrics = reader.get_metrics_data().resource_metrics[0].scope_metrics[0].metrics
    seen = sorted(f"{each.name} {point.value}" for each in metrics for point in each.data.data_points)
    print(f"Python, [{values[0]} {values[1]}]:", *seen)
    provider.shutdown()
PY
{ ./finding; venv/bin/python run.py; node run.mjs; } | tee seen
diff seen - <<'END'
Go, [10 20]: counter 30 observable 30 updown 30
Go, [20 10]: counter 30 observable 30 updown 30
Python, [10 20]: counter 30 observable 30 updown 30
Python, [20 10]: counter 30 observable 30 updown 30
Node, [10 20]: counter 30 observable 20 updown 20
Node, [20 10]: counter 30 observable 10 updown 10
END
