// A trace of two spans, one of them failed.
import { context, diag, DiagConsoleLogger, DiagLogLevel, SpanStatusCode, trace } from "@opentelemetry/api";
import { BasicTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";

diag.setLogger(new DiagConsoleLogger(), DiagLogLevel.WARN);
const packages = { grpc: "grpc", "http/protobuf": "proto", "http/json": "http" };
const name = packages[process.env.OTEL_EXPORTER_OTLP_PROTOCOL] ?? "http";
const { OTLPTraceExporter } = await import(`@opentelemetry/exporter-trace-otlp-${name}`);
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(new OTLPTraceExporter())] });
const tracer = provider.getTracer("app");
const outer = tracer.startSpan("outer", { attributes: { whole: 2 ** 60, list: ["a"] } });
const inner = tracer.startSpan("inner", {}, trace.setSpan(context.active(), outer));
inner.recordException(new Error("on purpose"));
inner.setStatus({ code: SpanStatusCode.ERROR });
inner.end();
outer.end();
await provider.shutdown();
console.log(outer.spanContext().traceId);
