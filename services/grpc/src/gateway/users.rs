//! `/usuarios`: reads what is asked, asks the server, renders its answer.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, ETAG, HeaderName, LINK, LOCATION};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, IntoResponseParts, Response};
use malha_proto::usuarios::v1 as proto;
use tonic::Code;
use url::form_urlencoded::byte_serialize;
use uuid::Uuid;

use super::conditional::{Preconditions, Read, entity_tag};
use super::error::GatewayError;
use super::input::PathId;
use super::json::{AlteracaoUsuario, NovoUsuario, PaginaUsuarios, Usuario};
use super::openapi::answers::{Always, Conditions, WithBody, WithCondition, WithEmail, WithId};
use super::root::Root;
use super::validation::{Findings, ValidationError};
use super::{Gateway, input};

/// Tells that an earlier request of the same key had made the user.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Create a user
///
/// With an `Idempotency-Key` the request can be repeated safely: the same key gives the same user.
#[utoipa::path(
    post,
    path = "/usuarios",
    operation_id = "criar_usuario",
    tag = "usuarios",
    params(
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 64,
         pattern = r"^[\x20-\x7e]*[\x21-\x7e][\x20-\x7e]*$", description = "Names this creation for a day"),
        Conditions,
    ),
    request_body = NovoUsuario,
    responses(
        (status = 201, description = "The user made, now or by an earlier request of the same key",
         body = Usuario,
         headers(
             ("Location" = String, description = "Where the user is"),
             ("ETag" = String, description = "Its state"),
             ("Idempotent-Replayed" = String, description = "Where an earlier request of the same key made it"),
         )),
        WithBody, WithEmail, WithCondition, Always,
    )
)]
pub(super) async fn criar(
    State(gateway): State<Gateway>,
    root: Root,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, GatewayError> {
    let mut findings = Findings::default();
    let key = findings.take(input::idempotency_key(&headers));
    let conditions = Preconditions::read(&headers, &mut findings);
    let body = input::json(&headers, body, gateway.max_body).await?;
    let new = NovoUsuario::read(&body, &mut findings);
    findings.into_result()?;
    let (Some(key), Some(new), Some(conditions)) = (key, new, conditions) else {
        return Err(GatewayError::Broken); // nothing was wrong, so that all are there
    };
    conditions.of_write(OF_ALL)?;
    let created = gateway.users.create(new.nome, new.email, key).await;
    let created = created.map_err(|status| match status.code() {
        // A user of the same key was made, and is gone.
        Code::NotFound => GatewayError::KeyReused,
        _ => status.into(),
    })?;
    let user = created.usuario.ok_or(GatewayError::Upstream)?;
    let location = HeaderValue::try_from(format!("{root}/usuarios/{}", user.id));
    let mut response = (StatusCode::CREATED, one(user)).into_response();
    let headers = response.headers_mut();
    headers.insert(LOCATION, location.map_err(|_| GatewayError::Upstream)?);
    if created.repetido {
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// Get a user
#[utoipa::path(
    get,
    path = "/usuarios/{id}",
    operation_id = "obter_usuario",
    tag = "usuarios",
    params(
        ("id" = Uuid, Path, description = "The user's id"),
        Conditions,
    ),
    responses(
        (status = 200, description = "The user", body = Usuario,
         headers(("ETag" = String, description = "Its state"))),
        (status = 304, description = "The user is in a state that `If-None-Match` names",
         headers(("ETag" = String, description = "Its state"))),
        WithId, WithCondition, Always,
    )
)]
pub(super) async fn obter(
    State(gateway): State<Gateway>,
    PathId(id): PathId,
    headers: HeaderMap,
) -> Result<Response, GatewayError> {
    let mut findings = Findings::default();
    let id = findings.take(id);
    let conditions = Preconditions::read(&headers, &mut findings);
    findings.into_result()?;
    let conditions = conditions.ok_or(GatewayError::Broken)?;
    let user = gateway.users.get(known(id)?).await?;
    Ok(match conditions.of_read(&user.etag)? {
        Read::NotModified => (StatusCode::NOT_MODIFIED, tag(&user.etag)).into_response(),
        Read::Whole => one(user).into_response(),
    })
}

/// List users
///
/// The oldest first. A user that exists throughout is on exactly one page. `Link` has the next
/// page and the first.
#[utoipa::path(
    get,
    path = "/usuarios",
    operation_id = "listar_usuarios",
    tag = "usuarios",
    params(
        ("limite" = Option<i32>, Query, minimum = 1, maximum = 1000, description = "Users on the page at most; 50 where nothing is said"),
        ("cursor" = Option<String>, Query, pattern = r"^(c[A-P][A-Za-z0-9_-]{7}[3HXn][A-Za-z0-9_-]{12}[AEIMQUYcgkosw048])?$",
         description = "`next_page` of the page before; empty for the first"),
        Conditions,
    ),
    responses(
        (status = 200, description = "A page of users", body = PaginaUsuarios,
         headers(("Link" = String, description = "`rel=\"first\"`, and `rel=\"next\"` where there is one (RFC 8288)"))),
        (status = 304, description = "`If-None-Match` is `*`"),
        WithCondition, Always,
    )
)]
pub(super) async fn listar(
    State(gateway): State<Gateway>,
    root: Root,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, GatewayError> {
    let mut findings = Findings::default();
    let page = input::page(&uri, &mut findings);
    let conditions = Preconditions::read(&headers, &mut findings);
    findings.into_result()?;
    let (size, cursor) = page.ok_or(GatewayError::Broken)?;
    let conditions = conditions.ok_or(GatewayError::Broken)?;
    let page = gateway.users.list(size, cursor).await?;
    if conditions.of_read(OF_ALL)? == Read::NotModified {
        return Ok((StatusCode::NOT_MODIFIED, [NO_CACHE]).into_response());
    }
    let next = Some(page.proximo_token).filter(|token| !token.is_empty());
    let mut links = format!("<{root}/usuarios?limite={size}>; rel=\"first\"");
    if let Some(next) = &next {
        let cursor: String = byte_serialize(next.as_bytes()).collect();
        links = format!("<{root}/usuarios?limite={size}&cursor={cursor}>; rel=\"next\", {links}");
    }
    let links = HeaderValue::try_from(links).map_err(|_| GatewayError::Upstream)?;
    let body = PaginaUsuarios {
        items: page.usuarios.into_iter().map(Usuario::from).collect(),
        next_page: next,
    };
    Ok(([(LINK, links), NO_CACHE], Json(body)).into_response())
}

/// Replace a user
#[utoipa::path(
    put,
    path = "/usuarios/{id}",
    operation_id = "substituir_usuario",
    tag = "usuarios",
    params(
        ("id" = Uuid, Path, description = "The user's id"),
        Conditions,
    ),
    request_body = NovoUsuario,
    responses(
        (status = 200, description = "The user as it is now", body = Usuario,
         headers(("ETag" = String, description = "Its state"))),
        WithId, WithBody, WithEmail, WithCondition, Always,
    )
)]
pub(super) async fn substituir(
    State(gateway): State<Gateway>,
    PathId(id): PathId,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, GatewayError> {
    let read = |body: &serde_json::Value, findings: &mut Findings| {
        let new = NovoUsuario::read(body, findings)?;
        Some((Some(new.nome), Some(new.email)))
    };
    change(&gateway, id, &headers, body, read).await
}

/// Change a user
///
/// What is not given stays as it is.
#[utoipa::path(
    patch,
    path = "/usuarios/{id}",
    operation_id = "alterar_usuario",
    tag = "usuarios",
    params(
        ("id" = Uuid, Path, description = "The user's id"),
        Conditions,
    ),
    request_body = AlteracaoUsuario,
    responses(
        (status = 200, description = "The user as it is now", body = Usuario,
         headers(("ETag" = String, description = "Its state"))),
        WithId, WithBody, WithEmail, WithCondition, Always,
    )
)]
pub(super) async fn alterar(
    State(gateway): State<Gateway>,
    PathId(id): PathId,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, GatewayError> {
    let read = |body: &serde_json::Value, findings: &mut Findings| {
        let change = AlteracaoUsuario::read(body, findings)?;
        Some((change.nome, change.email))
    };
    change(&gateway, id, &headers, body, read).await
}

/// Remove a user
///
/// Its e-mail is free at once.
#[utoipa::path(
    delete,
    path = "/usuarios/{id}",
    operation_id = "remover_usuario",
    tag = "usuarios",
    params(
        ("id" = Uuid, Path, description = "The user's id"),
        Conditions,
    ),
    responses(
        (status = 204, description = "The user is gone"),
        WithId, WithCondition, Always,
    )
)]
pub(super) async fn remover(
    State(gateway): State<Gateway>,
    PathId(id): PathId,
    headers: HeaderMap,
) -> Result<StatusCode, GatewayError> {
    let mut findings = Findings::default();
    let id = findings.take(id);
    let conditions = Preconditions::read(&headers, &mut findings);
    findings.into_result()?;
    let id = known(id)?;
    let etag = gateway.wanted(&id, conditions).await?;
    gateway.users.remove(id, etag).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a change is made of: name and e-mail, where they are given.
type Given = (Option<String>, Option<String>);

async fn change(
    gateway: &Gateway,
    id: Result<Uuid, ValidationError>,
    headers: &HeaderMap,
    body: Body,
    read: impl FnOnce(&serde_json::Value, &mut Findings) -> Option<Given>,
) -> Result<Response, GatewayError> {
    let mut findings = Findings::default();
    let id = findings.take(id);
    let conditions = Preconditions::read(headers, &mut findings);
    let body = input::json(headers, body, gateway.max_body).await?;
    let given = read(&body, &mut findings);
    findings.into_result()?;
    let (nome, email) = given.ok_or(GatewayError::Broken)?;
    let id = known(id)?;
    let etag = gateway.wanted(&id, conditions).await?;
    let user = gateway.users.update(id, nome, email, etag).await?;
    Ok(one(user).into_response())
}

/// An id as the server knows it. Ids are of version 7, so that others are nobody's.
fn known(id: Option<Uuid>) -> Result<String, GatewayError> {
    let id = id.filter(|id| id.get_version_num() == 7);
    id.map(|id| id.hyphenated().to_string())
        .ok_or(GatewayError::NoUser)
}

impl Gateway {
    /// The tag that the server is to compare, empty for none. Where more than one tag is at stake,
    /// the user's own is found out first; that it still is, the server sees to.
    async fn wanted(
        &self,
        id: &str,
        conditions: Option<Preconditions>,
    ) -> Result<String, GatewayError> {
        let conditions = conditions.ok_or(GatewayError::Broken)?;
        if let Some(etag) = conditions.alone() {
            return Ok(etag.to_owned());
        }
        let user = self.users.get(id.to_owned()).await?;
        conditions.of_write(&user.etag)?;
        Ok(user.etag)
    }
}

/// The tag of all users together: they have none, so that `*` alone names them.
const OF_ALL: &str = "";

/// What is kept by caches is asked for again each time, by its tag.
const NO_CACHE: (HeaderName, HeaderValue) = (CACHE_CONTROL, HeaderValue::from_static("no-cache"));

fn one(user: proto::Usuario) -> impl IntoResponse {
    (tag(&user.etag), Json(Usuario::from(user)))
}

fn tag(etag: &str) -> impl IntoResponse + IntoResponseParts + use<> {
    (entity_tag(etag).map(|tag| [(ETAG, tag)]), [NO_CACHE])
}
