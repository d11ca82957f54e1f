"""A trace of two spans, one of them failed, and a metric."""

from opentelemetry import metrics, trace

tracer = trace.get_tracer("app")
with tracer.start_as_current_span("outer") as outer:
    metrics.get_meter("app").create_counter("calls").add(1)
    try:
        with tracer.start_as_current_span("inner"):
            raise ValueError("on purpose")
    except ValueError:
        pass
print(format(outer.get_span_context().trace_id, "032x"))
