import os
import sys
import uuid

import grpc
from usuarios.v1 import usuarios_pb2 as pb
from usuarios.v1 import usuarios_pb2_grpc as rpc

host, port = sys.argv[1:3]
metadata = [("traceparent", os.environ["TRACEPARENT"])] if "TRACEPARENT" in os.environ else []


def refused(call, request):
    try:
        call(request, timeout=2, metadata=metadata)
    except grpc.RpcError as error:
        print(f"{error.code().name}: {error.details()}")


with grpc.insecure_channel(f"{host}:{port}") as channel:
    users = rpc.UsuarioServiceStub(channel)
    new = pb.CriarUsuarioRequest(nome="João", email=f"{uuid.uuid4().hex}@example.com")
    user = users.CriarUsuario(new, timeout=2, metadata=metadata).usuario
    print(users.ObterUsuario(pb.ObterUsuarioRequest(id=user.id), timeout=2, metadata=metadata).usuario.nome)
    refused(users.CriarUsuario, new)
    users.RemoverUsuario(pb.RemoverUsuarioRequest(id=user.id), timeout=2, metadata=metadata)
    refused(users.ObterUsuario, pb.ObterUsuarioRequest(id=user.id))
