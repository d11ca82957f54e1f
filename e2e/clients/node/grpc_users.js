import { randomUUID } from "node:crypto";
import { promisify } from "node:util";
import grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

const [host, port, proto] = process.argv.slice(2);
const { usuarios } = grpc.loadPackageDefinition(loadSync("usuarios/v1/usuarios.proto", { includeDirs: [proto] }));
const users = new usuarios.v1.UsuarioService(`${host}:${port}`, grpc.credentials.createInsecure());

const metadata = new grpc.Metadata();
if (process.env.TRACEPARENT) metadata.set("traceparent", process.env.TRACEPARENT);

function call(method, request) {
  const options = { deadline: Date.now() + 2000 };
  return promisify(users[method].bind(users))(request, metadata, options);
}

async function refused(...args) {
  try {
    await call(...args);
  } catch (error) {
    console.log(`${grpc.status[error.code]}: ${error.details}`);
  }
}

const novo = { nome: "João", email: `${randomUUID()}@example.com` };
const { usuario } = await call("CriarUsuario", novo);
console.log((await call("ObterUsuario", { id: usuario.id })).usuario.nome);
await refused("CriarUsuario", novo);
await call("RemoverUsuario", { id: usuario.id });
await refused("ObterUsuario", { id: usuario.id });
users.close();
