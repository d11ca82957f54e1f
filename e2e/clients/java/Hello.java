import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

class Hello {
    public static void main(String[] args) throws Exception {
        try (var server = new Socket()) {
            server.connect(new InetSocketAddress(args[0], Integer.parseInt(args[1])), 2000);
            server.setSoTimeout(2000);
            var out = server.getOutputStream();
            out.write(traceHeader());
            out.write((args[2] + "\n").getBytes(StandardCharsets.UTF_8));
            System.out.println(new String(server.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    /** The trace that TRACEPARENT names, in the PROXY header that proto/trace-context-tcp.md describes. */
    static byte[] traceHeader() {
        var traceparent = System.getenv("TRACEPARENT");
        if (traceparent == null) return new byte[0];
        var context = traceparent.substring(3).replace("-", "");
        return HexFormat.of().parseHex("0d0a0d0a000d0a515549540a2000001de0001a00" + context);
    }
}
