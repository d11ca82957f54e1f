import sys
from socket import create_connection

from context import header

host, port, number = sys.argv[1], sys.argv[2], int(sys.argv[3])
length = max(2, (number.bit_length() + 7) // 8)
with create_connection((host, int(port)), timeout=2) as server:
    server.sendall(header() + number.to_bytes(length, "big"))
    print(server.recv(1024).decode())
