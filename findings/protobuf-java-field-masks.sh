#!/usr/bin/env bash
# Protobuf's JSON of a FieldMask in Java (protobuf-java-util 4.36.2): a path with a digit behind an underscore becomes
# another path. Beside it protobuf 7.36.2 (Python) and @bufbuild/protobuf 2.17.0 (npm).
#
# Expected: paths are written in lower camel case, and one that would not be read back is an error: protobuf's
#   conformance suite recommends that foo_3_bar cannot be written (FieldMaskNumbersDontRoundTrip).
# Seen: Python and Node raise an error for address_line_2. Java writes "addressLine2", which all three, it too, read as
#   address_line2, a field that there is not. FieldMaskUtil.merge then copies `city` and leaves the other as it was; all
#   that is said is a warning in the log of the service that merges.
# Matters: an update with a mask is answered as done, and one of its fields is not written. In the body of the request
#   the name "addressLine2" is right, so that both sides agree on each value that is sent. Names such as address_line_2,
#   line_1 or ipv6_1 are usual, and JSON is what gateways and clients of REST send masks in.
# Documented: by the suite's conformance/failure_list_java.txt, as known to fail; FieldMaskUtil's comments and
#   field_mask.proto do not speak of digits.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check protobuf==7.36.2; } || exit 2
npm install --silent --no-audit --no-fund @bufbuild/protobuf@2.17.0 > npm.log || exit 2
cat > pom.xml <<'XML'
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>finding</groupId>
  <artifactId>finding</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>com.google.protobuf</groupId><artifactId>protobuf-java-util</artifactId><version>4.36.2</version></dependency>
  </dependencies>
</project>
XML
mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib > mvn.log 2>&1 || { tail -5 mvn.log; exit 2; }

cat > Run.java <<'JAVA'
import com.google.protobuf.DescriptorProtos.DescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto.Type;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.FieldMask;
import com.google.protobuf.util.FieldMaskUtil;
import com.google.protobuf.util.JsonFormat;

public class Run {
    static FieldDescriptorProto.Builder text(String name, int number) {
        return FieldDescriptorProto.newBuilder().setName(name).setNumber(number).setType(Type.TYPE_STRING);
    }

    public static void main(String[] args) throws Exception {
        var place = DescriptorProto.newBuilder().setName("Place")
            .addField(text("address_line_2", 1)).addField(text("city", 2));
        var type = FileDescriptor.buildFrom(
            FileDescriptorProto.newBuilder().setSyntax("proto3").addMessageType(place).build(), new FileDescriptor[0])
            .findMessageTypeByName("Place");
        var mask = FieldMask.newBuilder().addPaths("address_line_2").addPaths("city").build();
        var written = JsonFormat.printer().print(mask);
        System.out.println("Java writes " + written);
        var read = FieldMask.newBuilder();
        JsonFormat.parser().merge(written, read);
        System.out.println("Java reads " + String.join(" ", read.getPathsList()));

        var stored = DynamicMessage.newBuilder(type);
        JsonFormat.parser().merge("{\"addressLine2\": \"old\", \"city\": \"old\"}", stored);
        var sent = DynamicMessage.newBuilder(type);
        JsonFormat.parser().merge("{\"addressLine2\": \"new\", \"city\": \"new\"}", sent);
        FieldMaskUtil.merge(read.build(), sent.build(), stored);
        System.out.println("Java stores " + JsonFormat.printer().omittingInsignificantWhitespace().print(stored));
    }
}
JAVA
cat > run.mjs <<'JS'
import { create, fromJson, toJson } from '@bufbuild/protobuf';
import { FieldMaskSchema } from '@bufbuild/protobuf/wkt';

try {
  console.log('Node writes', toJson(FieldMaskSchema, create(FieldMaskSchema, { paths: ['address_line_2'] })));
} catch (error) {
  console.log('Node raises', error.message.split(': ').pop());
}
console.log('Node reads', fromJson(FieldMaskSchema, 'addressLine2').paths.join(' '));
JS
cat > run.py <<'PY'
from google.protobuf import json_format
from google.protobuf.field_mask_pb2 import FieldMask

try:
    print("Python writes", json_format.MessageToJson(FieldMask(paths=["address_line_2"])))
except ValueError as error:
    print("Python raises", str(error).split(": ")[-1])
print("Python reads", *json_format.Parse('"addressLine2"', FieldMask()).paths)
PY
{ java -cp 'lib/*' Run.java 2> java.log; node run.mjs; venv/bin/python run.py; } | tee seen
diff seen - <<'END'
Java writes "addressLine2,city"
Java reads address_line2 city
Java stores {"addressLine2":"old","city":"new"}
Node raises lowerCamelCase of path name "address_line_2" is irreversible
Node reads address_line2
Python raises The character after a "_" must be a lowercase letter in path name address_line_2.
Python reads address_line2
END
