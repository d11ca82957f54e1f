"""GET /usuarios/{id} as the original has it: FastAPI before a blocking gRPC stub, one worker.

gateway.py LISTEN SERVER
"""

import sys
from datetime import datetime

import grpc
import uvicorn
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel
from usuarios.v1 import usuarios_pb2 as pb
from usuarios.v1 import usuarios_pb2_grpc as rpc

app = FastAPI()
stub = rpc.UsuarioServiceStub(grpc.insecure_channel(sys.argv[2]))


class Usuario(BaseModel):
    id: str
    nome: str
    email: str
    criado_em: datetime
    atualizado_em: datetime


@app.get("/usuarios/{id}")
def obter(id: str) -> Usuario:
    try:
        usuario = stub.ObterUsuario(pb.ObterUsuarioRequest(id=id)).usuario
    except grpc.RpcError as error:
        known = error.code() == grpc.StatusCode.NOT_FOUND
        raise HTTPException(404 if known else 503, error.details()) from error
    return Usuario(
        id=usuario.id,
        nome=usuario.nome,
        email=usuario.email,
        criado_em=usuario.criado_em.ToDatetime(),
        atualizado_em=usuario.atualizado_em.ToDatetime(),
    )


host, port = sys.argv[1].rsplit(":", 1)
uvicorn.run(app, host=host, port=int(port), log_level="error", access_log=False)
