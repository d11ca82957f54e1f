// The trace that TRACEPARENT names, in the PROXY header that proto/trace-context-tcp.md describes.
export function header() {
  const traceparent = process.env.TRACEPARENT;
  if (!traceparent) return Buffer.alloc(0);
  const [, trace, span, flags] = traceparent.split("-");
  const context = Buffer.from("00" + trace + span + flags, "hex");
  const head = Buffer.from("0d0a0d0a000d0a515549540a2000001de0001a", "hex");
  return Buffer.concat([head, context]);
}
