// Walks all routes with the client that oapi-codegen makes of the document.
package main

import (
	"context"
	"crypto/rand"
	"log"
	"os"

	users "generated/oapi"

	types "github.com/oapi-codegen/runtime/types"
)

func is(what string, status int, err error, wanted int) {
	if err != nil || status != wanted {
		log.Fatalf("%s: %d %v instead of %d", what, status, err, wanted)
	}
}

func main() {
	ctx := context.Background()
	api, err := users.NewClientWithResponses(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	key := rand.Text()
	email := key + "@exemplo.com"
	ana := users.NovoUsuario{Nome: "Ana", Email: email}
	named := &users.CriarUsuarioParams{IdempotencyKey: &key}

	made, err := api.CriarUsuarioWithResponse(ctx, named, ana)
	is("create", made.StatusCode(), err, 201)
	id := made.JSON201.Id
	again, err := api.CriarUsuarioWithResponse(ctx, named, ana)
	is("again", again.StatusCode(), err, 201)
	if again.JSON201.Id != id {
		log.Fatalf("again: %v", again.JSON201)
	}
	taken, err := api.CriarUsuarioWithResponse(ctx, nil, ana)
	is("taken", taken.StatusCode(), err, 409)
	if taken.ApplicationproblemJSON409.Status != 409 {
		log.Fatalf("taken: %s", taken.Body)
	}
	wrong, err := api.CriarUsuarioWithResponse(ctx, nil, users.NovoUsuario{Nome: "Ana", Email: "ana"})
	is("wrong", wrong.StatusCode(), err, 422)
	if len(wrong.JSON422.Detail) != 1 {
		log.Fatalf("wrong: %s", wrong.Body)
	}

	one := int32(1)
	page, err := api.ListarUsuariosWithResponse(ctx, &users.ListarUsuariosParams{Limite: &one})
	is("list", page.StatusCode(), err, 200)
	if len(page.JSON200.Items) != 1 {
		log.Fatalf("list: %s", page.Body)
	}
	read, err := api.ObterUsuarioWithResponse(ctx, id, nil)
	is("read", read.StatusCode(), err, 200)
	tag := read.HTTPResponse.Header.Get("ETag")
	known, err := api.ObterUsuarioWithResponse(ctx, id, &users.ObterUsuarioParams{IfNoneMatch: &tag})
	is("known", known.StatusCode(), err, 304)

	bia := "Bia"
	change := users.AlteracaoUsuario{Nome: &bia}
	changed, err := api.AlterarUsuarioWithResponse(ctx, id, &users.AlterarUsuarioParams{IfMatch: &tag}, change)
	is("change", changed.StatusCode(), err, 200)
	if changed.JSON200.Nome != bia || changed.JSON200.Email != email {
		log.Fatalf("change: %s", changed.Body)
	}
	stale, err := api.SubstituirUsuarioWithResponse(ctx, id, &users.SubstituirUsuarioParams{IfMatch: &tag}, ana)
	is("stale", stale.StatusCode(), err, 412)
	replaced, err := api.SubstituirUsuarioWithResponse(ctx, id, nil, ana)
	is("replace", replaced.StatusCode(), err, 200)

	// The other methods read an answer to its end, which a stream of changes does not have.
	watched, err := api.ObservarUsuarios(ctx, nil)
	is("watch", watched.StatusCode, err, 200)
	watched.Body.Close()
	removed, err := api.RemoverUsuarioWithResponse(ctx, id, nil)
	is("remove", removed.StatusCode(), err, 204)
	gone, err := api.ObterUsuarioWithResponse(ctx, types.UUID(id), nil)
	is("gone", gone.StatusCode(), err, 404)
}
