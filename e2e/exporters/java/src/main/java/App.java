import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.sdk.autoconfigure.AutoConfiguredOpenTelemetrySdk;

/** A trace of two spans, one of them failed, and a metric. */
public class App {
    public static void main(String[] args) {
        // Closed here: what the hook does at the end of the process says so on stderr.
        var configured = AutoConfiguredOpenTelemetrySdk.builder().disableShutdownHook().build();
        try (var sdk = configured.getOpenTelemetrySdk()) {
            var tracer = sdk.getTracer("app");
            sdk.getMeter("app").counterBuilder("calls").build().add(1);
            var outer = tracer.spanBuilder("outer").startSpan();
            try (var scope = outer.makeCurrent()) {
                var inner = tracer.spanBuilder("inner").startSpan();
                inner.recordException(new IllegalStateException("on purpose"));
                inner.setStatus(StatusCode.ERROR);
                inner.end();
            }
            outer.end();
            System.out.println(outer.getSpanContext().getTraceId());
        }
    }
}
