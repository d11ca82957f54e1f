"""Walks all routes with httpx and the models that datamodel-code-generator makes of the document."""

import sys
import uuid

import httpx
from users_models import (
    AlteracaoUsuario,
    HTTPValidationError,
    Mudanca,
    NovoUsuario,
    PaginaUsuarios,
    Problem,
    Usuario,
)

client = httpx.Client(base_url=sys.argv[1])
key = str(uuid.uuid4())
ana = NovoUsuario(nome="Ana", email=f"{key}@exemplo.com")


def ask(status, model, method, path, body=None, **headers):
    """Sends a model as it is, nulls and all, and reads the answer as one."""
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    content = body and body.model_dump_json()
    if body:
        said["content-type"] = "application/json"
    answer = client.request(method, path, content=content, headers=said)
    assert answer.status_code == status, (method, path, answer, answer.text)
    return answer, model and model.model_validate_json(answer.content)


with client.stream("GET", "/usuarios/mudancas") as changes:
    lines = changes.iter_lines()
    next(lines)  # the stream has begun
    made, user = ask(201, Usuario, "POST", "/usuarios", ana, idempotency_key=key)
    where = made.headers["location"]
    assert where == f"/usuarios/{user.id}", made.headers
    seen = (Mudanca.model_validate_json(line[5:]) for line in lines if line.startswith("data:"))
    assert any(change.usuario.id == user.id for change in seen)
_, again = ask(201, Usuario, "POST", "/usuarios", ana, idempotency_key=key)
assert again.id == user.id, again
ask(409, Problem, "POST", "/usuarios", ana)
wrong = ana.model_copy(update={"email": "ana"})
_, told = ask(422, HTTPValidationError, "POST", "/usuarios", wrong)
assert [step.root for step in told.detail[0].loc] == ["body", "email"], told

_, page = ask(200, PaginaUsuarios, "GET", "/usuarios?limite=1")
assert len(page.items) == 1, page
read, same = ask(200, Usuario, "GET", where)
assert same == user, same
tag = read.headers["etag"]
ask(304, None, "GET", where, if_none_match=tag)
_, changed = ask(200, Usuario, "PATCH", where, AlteracaoUsuario(nome="Bia"), if_match=tag)
assert (changed.nome, changed.email) == ("Bia", user.email), changed
ask(412, Problem, "PUT", where, ana, if_match=tag)
_, replaced = ask(200, Usuario, "PUT", where, ana)
assert replaced.nome == "Ana", replaced
ask(204, None, "DELETE", where)
ask(404, Problem, "GET", where)
