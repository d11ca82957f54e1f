#!/usr/bin/env bash
# Netty 4.2.18 (netty-codec-haproxy): a PROXY v2 header without addresses loses its TLVs when written.
#
# Expected: HAProxyMessage takes TLVs with any command and protocol; HAProxyMessageEncoder writes what
#   it is given, or refuses it.
# Seen: with UNKNOWN addresses, as LOCAL headers have them, 16 bytes and a length of 0 come out: the
#   TLVs are gone. With TCP4 they are written, for LOCAL too; the decoder then drops those of LOCAL.
# Matters: a Java proxy or health check cannot pass a TLV (a connection id, a trace context, a unique id)
#   on its own behalf, and nothing says so: the receiver simply has none. pires/go-proxyproto (Go) and
#   proxy-protocol (PyPI) write and read the same header whole.
# Documented: no. The protocol lets a LOCAL header carry a block that old receivers skip.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat > pom.xml <<'XML'
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>finding</groupId>
  <artifactId>finding</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>io.netty</groupId><artifactId>netty-codec-haproxy</artifactId><version>4.2.18.Final</version></dependency>
  </dependencies>
</project>
XML
mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib > mvn.log 2>&1 || { tail -5 mvn.log; exit 2; }

cat > Run.java <<'JAVA'
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.haproxy.*;
import java.util.List;

public class Run {
    static void show(String name, HAProxyMessage message) {
        EmbeddedChannel writer = new EmbeddedChannel(HAProxyMessageEncoder.INSTANCE);
        writer.writeOutbound(message);
        ByteBuf bytes = Unpooled.buffer();
        for (ByteBuf part; (part = writer.readOutbound()) != null;) bytes.writeBytes(part);
        String hex = ByteBufUtil.hexDump(bytes).substring(24); // behind the signature
        EmbeddedChannel reader = new EmbeddedChannel(new HAProxyMessageDecoder());
        reader.writeInbound(bytes);
        HAProxyMessage read = reader.readInbound();
        System.out.println(name + ": wrote " + hex + ", read back TLVs: " + read.tlvs().size());
    }

    public static void main(String[] args) {
        for (HAProxyCommand command : new HAProxyCommand[] {HAProxyCommand.LOCAL, HAProxyCommand.PROXY}) {
            show(command + " UNKNOWN", new HAProxyMessage(HAProxyProtocolVersion.V2, command,
                HAProxyProxiedProtocol.UNKNOWN, null, null, 0, 0, tlvs()));
            show(command + " TCP4", new HAProxyMessage(HAProxyProtocolVersion.V2, command,
                HAProxyProxiedProtocol.TCP4, "192.0.2.7", "192.0.2.1", 5000, 80, tlvs()));
        }
    }

    static List<HAProxyTLV> tlvs() {
        return List.of(new HAProxyTLV((byte) 0xE0, Unpooled.wrappedBuffer(new byte[] {1, 2, 3, 4})));
    }
}
JAVA
java -cp 'lib/*' Run.java 2> java.log | tee seen
diff seen - <<'END'
LOCAL UNKNOWN: wrote 20000000, read back TLVs: 0
LOCAL TCP4: wrote 20110013c0000207c000020113880050e0000401020304, read back TLVs: 0
PROXY UNKNOWN: wrote 21000000, read back TLVs: 0
PROXY TCP4: wrote 21110013c0000207c000020113880050e0000401020304, read back TLVs: 1
END
