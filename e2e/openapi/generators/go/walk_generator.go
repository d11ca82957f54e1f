// Walks all routes with the client that openapi-generator makes of the document.
package main

import (
	"context"
	"crypto/rand"
	"log"
	"net/http"
	"os"

	users "generated/generator"
)

func is(what string, answer *http.Response, status int) {
	if answer == nil || answer.StatusCode != status {
		log.Fatalf("%s: %v instead of %d", what, answer, status)
	}
}

func main() {
	settings := users.NewConfiguration()
	settings.Servers = users.ServerConfigurations{{URL: os.Args[1]}}
	api, ctx := users.NewAPIClient(settings).UsuariosAPI, context.Background()
	key := rand.Text()
	email := key + "@exemplo.com"
	ana := *users.NewNovoUsuario(email, "Ana")

	user, answer, err := api.CriarUsuario(ctx).NovoUsuario(ana).IdempotencyKey(key).Execute()
	if err != nil {
		log.Fatalf("create: %v", err)
	}
	is("create", answer, 201)
	again, _, _ := api.CriarUsuario(ctx).NovoUsuario(ana).IdempotencyKey(key).Execute()
	if again == nil || again.Id != user.Id {
		log.Fatalf("again: %v", again)
	}
	_, answer, err = api.CriarUsuario(ctx).NovoUsuario(ana).Execute()
	is("taken", answer, 409)
	if problem, ok := err.(*users.GenericOpenAPIError).Model().(users.Problem); !ok || problem.Status != 409 {
		log.Fatalf("taken: %v", err)
	}
	_, answer, err = api.CriarUsuario(ctx).NovoUsuario(*users.NewNovoUsuario("ana", "Ana")).Execute()
	is("wrong", answer, 422)
	if told, ok := err.(*users.GenericOpenAPIError).Model().(users.HTTPValidationError); !ok || len(told.Detail) != 1 {
		log.Fatalf("wrong: %v", err)
	}

	page, _, err := api.ListarUsuarios(ctx).Limite(1).Execute()
	if err != nil || len(page.Items) != 1 {
		log.Fatalf("list: %v %v", page, err)
	}
	_, answer, err = api.ObterUsuario(ctx, user.Id).Execute()
	if err != nil {
		log.Fatalf("read: %v", err)
	}
	tag := answer.Header.Get("ETag")
	_, answer, _ = api.ObterUsuario(ctx, user.Id).IfNoneMatch(tag).Execute()
	is("known", answer, 304)

	change := users.NewAlteracaoUsuario()
	change.SetNome("Bia")
	change.SetEmailNil()
	changed, _, err := api.AlterarUsuario(ctx, user.Id).AlteracaoUsuario(*change).IfMatch(tag).Execute()
	if err != nil || changed.Nome != "Bia" || changed.Email != email {
		log.Fatalf("change: %v %v", changed, err)
	}
	_, answer, _ = api.SubstituirUsuario(ctx, user.Id).NovoUsuario(ana).IfMatch(tag).Execute()
	is("stale", answer, 412)
	_, answer, _ = api.SubstituirUsuario(ctx, user.Id).NovoUsuario(ana).Execute()
	is("replace", answer, 200)

	// It reads an answer to its end, which a stream of changes does not have.
	_, answer, _ = api.ObservarUsuarios(ctx).LastEventID("invented").Execute()
	is("watch", answer, 422)
	answer, _ = api.RemoverUsuario(ctx, user.Id).Execute()
	is("remove", answer, 204)
	_, answer, _ = api.ObterUsuario(ctx, user.Id).Execute()
	is("gone", answer, 404)
}
