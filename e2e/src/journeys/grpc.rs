//! grpc: somebody keeps users over REST and over gRPC, and follows one creation down to the store.

use malha_proto::usuarios::v1::ObterUsuarioRequest;
use malha_proto::usuarios::v1::usuario_service_client::UsuarioServiceClient;
use reqwest::header::{CONTENT_TYPE, ETAG, IF_MATCH, LOCATION};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use super::{Context, Journey, journey};
use crate::caller::Caller;
use crate::score::scored;
use crate::span::Span;
use crate::tree::shaped;
use crate::{Failure, same};

/// The journeys of this exercise, in the order in which they are run.
pub const JOURNEYS: &[Journey] = &[
    journey!(
        "grpc",
        "a user is created, read, changed and removed over REST",
        lifecycle
    ),
    journey!(
        "grpc",
        "no e-mail is used twice, and bad input is named",
        refusals
    ),
    journey!("grpc", "what REST has created, gRPC gives", over_grpc),
    journey!("grpc", "a change is told to those who watch", watch),
    journey!(
        "grpc",
        "a creation is one trace from the gateway to the store",
        one_trace
    ),
];

/// The tree of a creation, without what the store does.
const CREATION: &str = "\
grpc-cliente server POST /usuarios
  grpc-cliente client usuarios.v1.UsuarioService/CriarUsuario
    grpc-servidor server usuarios.v1.UsuarioService/CriarUsuario";

fn failed(what: &str) -> impl Fn(reqwest::Error) -> Failure {
    let what = what.to_owned();
    move |source| Failure::Request {
        what: what.clone(),
        source,
    }
}

fn ask(context: &Context, method: Method, path: &str) -> Result<RequestBuilder, Failure> {
    let missing = || Failure::Wrong("USUARIOS_URL is not set".to_owned());
    let mut url = context.target.usuarios.clone().ok_or_else(missing)?;
    url.set_path(path);
    Ok(context.http.request(method, url))
}

/// An address that nobody has.
fn new_user(nome: &str) -> Value {
    json!({"nome": nome, "email": format!("{:032x}@example.com", rand::random::<u128>())})
}

async fn create(context: &Context, user: &Value) -> Result<Response, Failure> {
    let request = ask(context, Method::POST, "/usuarios")?.json(user);
    request.send().await.map_err(failed("POST /usuarios"))
}

async fn body(answer: Response) -> Result<Value, Failure> {
    answer.json().await.map_err(failed("the body of an answer"))
}

fn header(answer: &Response, name: &reqwest::header::HeaderName) -> Result<String, Failure> {
    let value = answer
        .headers()
        .get(name)
        .and_then(|value| value.to_str().ok());
    let missing = || Failure::Wrong(format!("no {name} in the answer"));
    value.map(str::to_owned).ok_or_else(missing)
}

async fn created(context: &Context, nome: &str) -> Result<Value, Failure> {
    let answer = create(context, &new_user(nome)).await?;
    same("status of a creation", answer.status(), StatusCode::CREATED)?;
    body(answer).await
}

async fn remove(context: &Context, path: &str) -> Result<StatusCode, Failure> {
    let request = ask(context, Method::DELETE, path)?;
    Ok(request.send().await.map_err(failed("DELETE"))?.status())
}

async fn lifecycle(context: Context) -> Result<(), Failure> {
    let new = new_user("João");
    let answer = create(&context, &new).await?;
    same("status of POST", answer.status(), StatusCode::CREATED)?;
    let (path, etag) = (header(&answer, &LOCATION)?, header(&answer, &ETAG)?);
    let user = body(answer).await?;
    same(
        "the path",
        path.as_str(),
        format!("/usuarios/{}", user["id"].as_str().unwrap_or("?")).as_str(),
    )?;
    same("nome", &user["nome"], &new["nome"])?;

    let get = async || {
        ask(&context, Method::GET, &path)?
            .send()
            .await
            .map_err(failed("GET a user"))
    };
    same("the user read", body(get().await?).await?, user.clone())?;

    let change = ask(&context, Method::PATCH, &path)?;
    let answer = change
        .header(IF_MATCH, &etag)
        .json(&json!({"nome": "João Pedro"}))
        .send()
        .await
        .map_err(failed("PATCH"))?;
    same("status of PATCH", answer.status(), StatusCode::OK)?;
    same(
        "nome after it",
        &body(answer).await?["nome"],
        &json!("João Pedro"),
    )?;
    let stale = ask(&context, Method::PATCH, &path)?;
    let answer = stale
        .header(IF_MATCH, &etag)
        .json(&json!({"nome": "x"}))
        .send()
        .await;
    let status = answer.map_err(failed("PATCH"))?.status();
    same(
        "status of a change of an older state",
        status,
        StatusCode::PRECONDITION_FAILED,
    )?;

    same(
        "status of DELETE",
        remove(&context, &path).await?,
        StatusCode::NO_CONTENT,
    )?;
    same(
        "status of GET after it",
        get().await?.status(),
        StatusCode::NOT_FOUND,
    )
}

async fn refusals(context: Context) -> Result<(), Failure> {
    let new = new_user("Ana");
    let first = create(&context, &new).await?;
    let path = header(&first, &LOCATION)?;
    let second = create(&context, &new).await?.status();
    same(
        "status of a second user of the e-mail",
        second,
        StatusCode::CONFLICT,
    )?;
    remove(&context, &path).await?;

    let answer = create(&context, &json!({"nome": "Ana", "email": "no address"})).await?;
    same(
        "status of a wrong e-mail",
        answer.status(),
        StatusCode::UNPROCESSABLE_ENTITY,
    )?;
    let loc = body(answer).await?["detail"][0]["loc"].clone();
    same("where it is wrong", loc, json!(["body", "email"]))
}

async fn over_grpc(context: Context) -> Result<(), Failure> {
    let missing = || Failure::Wrong("USUARIOS_GRPC_URL is not set".to_owned());
    let url = context.target.usuarios_grpc.clone().ok_or_else(missing)?;
    let user = created(&context, "Li").await?;
    let id = user["id"].as_str().unwrap_or_default().to_owned();
    let failed = |error: String| Failure::Wrong(format!("gRPC at {url}: {error}"));
    let client = UsuarioServiceClient::connect(url.to_string()).await;
    let mut client = client.map_err(|error| failed(error.to_string()))?;
    let answer = client
        .obter_usuario(ObterUsuarioRequest { id: id.clone() })
        .await;
    let answer = answer
        .map_err(|status| failed(status.to_string()))?
        .into_inner();
    let got = answer.usuario.unwrap_or_default();
    same(
        "the e-mail over gRPC",
        Some(got.email.as_str()),
        user["email"].as_str(),
    )?;
    remove(&context, &format!("/usuarios/{id}")).await?;
    Ok(())
}

async fn watch(context: Context) -> Result<(), Failure> {
    let request = ask(&context, Method::GET, "/usuarios/mudancas")?;
    let mut events = request
        .send()
        .await
        .map_err(failed("GET /usuarios/mudancas"))?;
    same("status of the events", events.status(), StatusCode::OK)?;
    let content_type = events
        .headers()
        .get(CONTENT_TYPE)
        .map(|value| value.as_bytes().to_vec());
    same(
        "their type",
        content_type,
        Some(b"text/event-stream".to_vec()),
    )?;
    let user = created(&context, "Kofi").await?;
    let id = user["id"].as_str().unwrap_or_default();
    let mut seen = String::new();
    // The client's own limit of time ends it where the event never comes.
    while !seen.contains(id) {
        let piece = events.chunk().await.map_err(failed("the events"))?;
        let ended = || Failure::Wrong(format!("the events ended: {seen}"));
        seen.push_str(&String::from_utf8_lossy(&piece.ok_or_else(ended)?));
    }
    remove(&context, &format!("/usuarios/{id}")).await?;
    Ok(())
}

async fn one_trace(context: Context) -> Result<(), Failure> {
    let caller = Caller::random();
    let request = ask(&context, Method::POST, "/usuarios")?
        .header("traceparent", caller.traceparent())
        .json(&new_user("Zoë"));
    let answer = request.send().await.map_err(failed("POST /usuarios"))?;
    same("status", answer.status(), StatusCode::CREATED)?;
    let path = header(&answer, &LOCATION)?;
    let with_store = context.target.usuarios_store.as_deref() == Some("redis");
    let stored = |span: &Span| span.attributes.contains_key("db.system.name");
    let jaeger = context.jaeger()?;
    let mut count = 3;
    let spans = loop {
        let spans = jaeger.trace(&caller.trace_id, count).await?;
        if spans.iter().any(stored) == with_store {
            break spans;
        }
        count = spans.len() + 1;
    };
    scored(&spans, Some(&caller.span_id))?;
    // Whoever watches changes at the same time is told of this one in the same trace.
    let told = |span: &Span| span.kind == "consumer";
    let spans = spans.into_iter().filter(|span| !told(span));
    let (store, calls): (Vec<Span>, Vec<Span>) = spans.partition(stored);
    shaped(&calls, CREATION)?;
    for span in &store {
        same(
            "who speaks to Redis",
            span.service.as_str(),
            "grpc-servidor",
        )?;
        span.has("db.system.name", "redis")?;
    }
    remove(&context, &path).await?;
    Ok(())
}
