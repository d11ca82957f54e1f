import socket
import sys

from context import header

host, port, name = sys.argv[1:]
with socket.create_connection((host, int(port)), timeout=2) as server:
    server.sendall(header() + name.encode() + b"\n")
    print(server.recv(1024).decode())
