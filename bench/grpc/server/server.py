"""ObterUsuario as the original has it: grpcio's thread pool and redis-py.

server.py LISTEN REDIS
"""

import sys
from concurrent import futures

import grpc
import redis
from google.protobuf.timestamp_pb2 import Timestamp
from usuarios.v1 import usuarios_pb2 as pb
from usuarios.v1 import usuarios_pb2_grpc as rpc

FIELDS = ["nome", "email", "criado_em", "atualizado_em", "versao", "expira_em"]


def moment(text):
    ms = int(text)
    return Timestamp(seconds=ms // 1000, nanos=ms % 1000 * 1_000_000)


class Usuarios(rpc.UsuarioServiceServicer):
    def __init__(self, store):
        self.store = store

    def ObterUsuario(self, request, context):
        fields = self.store.hmget("{usuarios}:u:" + request.id, FIELDS)
        if fields[0] is None:
            context.abort(grpc.StatusCode.NOT_FOUND, "no such user")
        nome, email, criado, atualizado, versao, expira = fields
        usuario = pb.Usuario(
            id=request.id,
            nome=nome,
            email=email,
            criado_em=moment(criado),
            atualizado_em=moment(atualizado),
            etag=versao,
            expira_em=moment(expira) if expira else None,
        )
        return pb.ObterUsuarioResponse(usuario=usuario)


def main(listen, store):
    host, port = store.rsplit(":", 1)
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=10))
    client = redis.Redis(host=host, port=int(port), decode_responses=True)
    rpc.add_UsuarioServiceServicer_to_server(Usuarios(client), server)
    server.add_insecure_port(listen)
    server.start()
    server.wait_for_termination()


main(*sys.argv[1:])
