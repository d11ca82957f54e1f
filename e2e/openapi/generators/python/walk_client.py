"""Walks all routes with the client that openapi-python-client makes of the document."""

import sys
import uuid

from users_client import Client
from users_client.api.usuarios import (
    alterar_usuario,
    criar_usuario,
    listar_usuarios,
    observar_usuarios,
    obter_usuario,
    remover_usuario,
    substituir_usuario,
)
from users_client.models import (
    AlteracaoUsuario,
    HTTPValidationError,
    NovoUsuario,
    PaginaUsuarios,
    Problem,
    Usuario,
)

client = Client(base_url=sys.argv[1])
key = str(uuid.uuid4())
email = f"{key}@exemplo.com"
ana = NovoUsuario(nome="Ana", email=email)

made = criar_usuario.sync_detailed(client=client, body=ana, idempotency_key=key)
assert made.status_code == 201 and isinstance(made.parsed, Usuario), made
user = made.parsed.id
assert made.headers["location"] == f"/usuarios/{user}", made.headers
again = criar_usuario.sync(client=client, body=ana, idempotency_key=key)
assert isinstance(again, Usuario) and again.id == user, again
taken = criar_usuario.sync(client=client, body=ana)
assert isinstance(taken, Problem) and taken.status == 409, taken
wrong = criar_usuario.sync(client=client, body=NovoUsuario(nome="Ana", email="ana"))
assert isinstance(wrong, HTTPValidationError), wrong
assert wrong.detail[0].loc == ["body", "email"], wrong

page = listar_usuarios.sync(client=client, limite=1)
assert isinstance(page, PaginaUsuarios) and len(page.items) == 1, page
read = obter_usuario.sync_detailed(user, client=client)
assert isinstance(read.parsed, Usuario) and read.parsed.email == email, read
tag = read.headers["etag"]
known = obter_usuario.sync_detailed(user, client=client, if_none_match=tag)
assert known.status_code == 304, known

change = AlteracaoUsuario(nome="Bia", email=None)
changed = alterar_usuario.sync(user, client=client, body=change, if_match=tag)
assert isinstance(changed, Usuario) and (changed.nome, changed.email) == ("Bia", email), changed
stale = substituir_usuario.sync(user, client=client, body=ana, if_match=tag)
assert isinstance(stale, Problem) and stale.status == 412, stale
replaced = substituir_usuario.sync(user, client=client, body=ana)
assert isinstance(replaced, Usuario) and replaced.nome == "Ana", replaced

# It reads an answer to its end, which a stream of changes does not have.
refused = observar_usuarios.sync(client=client, last_event_id="invented")
assert isinstance(refused, HTTPValidationError), refused
assert remover_usuario.sync_detailed(user, client=client).status_code == 204
gone = obter_usuario.sync(user, client=client)
assert isinstance(gone, Problem) and gone.status == 404, gone
