// Walks all routes with what openapi-typescript makes of the document.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

const api = createClient<paths>({ baseUrl: process.argv[2] });
const key = crypto.randomUUID();
const email = `${key}@exemplo.com`;
const ana: components["schemas"]["NovoUsuario"] = { nome: "Ana", email };

const named = { params: { header: { "Idempotency-Key": key } } };
const made = await api.POST("/usuarios", { body: ana, ...named });
assert.equal(made.response.status, 201);
const id = made.data!.id;
const path = { id };
assert.equal(made.response.headers.get("location"), `/usuarios/${id}`);
const again = await api.POST("/usuarios", { body: ana, ...named });
assert.equal(again.data?.id, id);
const taken = await api.POST("/usuarios", { body: ana });
assert.equal(taken.response.status, 409);
const wrong = await api.POST("/usuarios", { body: { nome: "Ana", email: "ana" } });
assert.equal(wrong.response.status, 422);
assert(wrong.error && Array.isArray(wrong.error.detail));
assert.deepEqual(wrong.error.detail[0].loc, ["body", "email"]);

const page = await api.GET("/usuarios", { params: { query: { limite: 1 } } });
assert.equal(page.data?.items.length, 1);
const read = await api.GET("/usuarios/{id}", { params: { path } });
assert.equal(read.data?.email, email);
const tag = read.response.headers.get("etag")!;
const known = await api.GET("/usuarios/{id}", { params: { path, header: { "If-None-Match": tag } } });
assert.equal(known.response.status, 304);

const change: components["schemas"]["AlteracaoUsuario"] = { nome: "Bia", email: null };
const changed = await api.PATCH("/usuarios/{id}", { params: { path, header: { "If-Match": tag } }, body: change });
assert.deepEqual([changed.data?.nome, changed.data?.email], ["Bia", email]);
const stale = await api.PUT("/usuarios/{id}", { params: { path, header: { "If-Match": tag } }, body: ana });
assert.equal(stale.response.status, 412);
const replaced = await api.PUT("/usuarios/{id}", { params: { path }, body: ana });
assert.equal(replaced.data?.nome, "Ana");

const watched = await api.GET("/usuarios/mudancas", { parseAs: "stream" });
assert.equal(watched.response.status, 200);
await watched.data!.cancel();
assert.equal((await api.DELETE("/usuarios/{id}", { params: { path } })).response.status, 204);
const gone = await api.GET("/usuarios/{id}", { params: { path } });
assert.equal(gone.response.status, 404);
