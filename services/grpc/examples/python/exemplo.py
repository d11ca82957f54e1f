"""Users over gRPC from Python, by nothing but the .proto file.

    cargo run -- grpc-servidor &
    services/grpc/examples/python/run localhost:50051

The script beside this one makes the stubs. It ends with 0 if all went as the interface promises,
and prints what it did.
"""

import sys
import threading
import uuid

import grpc
from google.protobuf import field_mask_pb2
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from usuarios.v1 import usuarios_pb2 as pb
from usuarios.v1 import usuarios_pb2_grpc as rpc

DEADLINE = 5  # seconds, for every call but the stream


def refusal(call, code, detail):
    """Makes a call that must be refused with this code, and gives the detail of this type."""
    try:
        call()
    except grpc.RpcError as error:
        assert error.code() == code, error
        for packed in rpc_status.from_call(error).details:
            found = detail()
            if packed.Unpack(found):
                print(f"{code.name}: {error.details()}")
                return found
        raise AssertionError(f"no {detail.__name__} in {error}")
    raise AssertionError(f"not refused with {code.name}")


def watch(stub, started, seen):
    """Notes the changes until three have come."""
    stream = stub.ObservarUsuarios(pb.ObservarUsuariosRequest(), timeout=60)
    for message in stream:
        if not message.HasField("mudanca"):
            started.set()
            continue
        seen.append(message.mudanca)
        if len(seen) == 3:
            stream.cancel()
            return


def main(address):
    channel = grpc.insecure_channel(address)
    grpc.channel_ready_future(channel).result(timeout=DEADLINE)
    stub = rpc.UsuarioServiceStub(channel)
    started, seen = threading.Event(), []
    watcher = threading.Thread(target=watch, args=(stub, started, seen), daemon=True)
    watcher.start()
    assert started.wait(DEADLINE), "the stream does not begin"

    email = f"ana.{uuid.uuid4().hex}@exemplo.com.br"
    request = pb.CriarUsuarioRequest(nome="Ana", email=email, id_pedido=str(uuid.uuid4()))
    made = stub.CriarUsuario(request, timeout=DEADLINE)
    again = stub.CriarUsuario(request, timeout=DEADLINE)
    ana = made.usuario
    assert not made.repetido and again.repetido and again.usuario == ana
    print(f"created {ana.id}: {ana.nome} <{ana.email}>, until {ana.expira_em.ToJsonString()}")

    assert stub.ObterUsuario(pb.ObterUsuarioRequest(id=ana.id), timeout=DEADLINE).usuario == ana

    taken = refusal(
        lambda: stub.CriarUsuario(
            pb.CriarUsuarioRequest(nome="Outra", email=email.upper()), timeout=DEADLINE
        ),
        grpc.StatusCode.ALREADY_EXISTS,
        error_details_pb2.ResourceInfo,
    )
    assert taken.resource_name == email.upper()
    wrong = refusal(
        lambda: stub.CriarUsuario(pb.CriarUsuarioRequest(), timeout=DEADLINE),
        grpc.StatusCode.INVALID_ARGUMENT,
        error_details_pb2.BadRequest,
    )
    assert [violation.field for violation in wrong.field_violations] == ["nome", "email"]

    update = pb.AtualizarUsuarioRequest(
        usuario=pb.Usuario(id=ana.id, nome="Ana Maria"),
        mascara=field_mask_pb2.FieldMask(paths=["nome"]),
        etag=ana.etag,
    )
    changed = stub.AtualizarUsuario(update, timeout=DEADLINE).usuario
    assert (changed.nome, changed.email) == ("Ana Maria", email)
    stale = refusal(
        lambda: stub.AtualizarUsuario(update, timeout=DEADLINE),
        grpc.StatusCode.ABORTED,
        error_details_pb2.ErrorInfo,
    )
    assert stale.reason == "VERSAO_DIFERENTE"

    listed, token = [], ""
    while True:
        page = stub.ListarUsuarios(
            pb.ListarUsuariosRequest(tamanho_pagina=100, token_pagina=token), timeout=DEADLINE
        )
        listed += page.usuarios
        token = page.proximo_token
        if not token:
            break
    assert changed in listed
    print(f"listed {len(listed)}")

    stub.RemoverUsuario(pb.RemoverUsuarioRequest(id=ana.id), timeout=DEADLINE)
    watcher.join(DEADLINE)
    kinds = [pb.TipoMudanca.Name(change.tipo) for change in seen if change.usuario.id == ana.id]
    assert kinds == [
        "TIPO_MUDANCA_CRIADO",
        "TIPO_MUDANCA_ATUALIZADO",
        "TIPO_MUDANCA_REMOVIDO",
    ], kinds
    print(f"watched {len(seen)} changes")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "localhost:50051")
