//! `/openapi.json`, from the handlers and the types that they use.

use std::collections::BTreeMap;

use serde_json::json;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, Parameter};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{Object, OpenApi as Document, Ref, RefOr};
use utoipa::{IntoResponses, OpenApi};

use super::error::{PROBLEM_JSON, Problem};
use super::json::Mudanca;
use super::validation::{LocPart, ValidationError, ValidationErrors};

/// What is said of the interface as a whole.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Usuários",
        description = "Users in a temporary store, behind gRPC.\n\n\
            What is wrong with a request is told as FastAPI does (422), every other error as a \
            problem (RFC 9457). Every answer has an `x-request-id`: the request's own, or a new one.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags((name = "usuarios", description = "The users")),
    components(schemas(ValidationErrors, ValidationError, LocPart, Problem, Mudanca)),
)]
pub(super) struct Api;

type Answers = BTreeMap<String, RefOr<Response>>;

/// Answers of every route.
pub(super) struct Always;
/// Answers of routes with a body.
pub(super) struct WithBody;
/// Answers of routes with an id.
pub(super) struct WithId;
/// Answers of routes that set an e-mail.
pub(super) struct WithEmail;
/// Answers of routes with `If-Match`.
pub(super) struct WithCondition;
/// Answers of the route that goes on from an event.
pub(super) struct WithHistory;

impl IntoResponses for Always {
    fn responses() -> Answers {
        let invalid =
            ContentBuilder::new().schema(Some(Ref::from_schema_name("HTTPValidationError")));
        let invalid = ResponseBuilder::new()
            .description("What is wrong with the request, as FastAPI tells it")
            .content("application/json", invalid.build())
            .build();
        let mut answers = problems(&[
            (
                429,
                "Too many requests from this address, or no room for more users",
            ),
            (500, "The gateway failed"),
            (502, "The server of users failed"),
            (
                503,
                "The server of users, or its store, is away; or the gateway is full",
            ),
            (504, "The server of users did not answer in time"),
        ]);
        answers.insert("422".to_owned(), RefOr::T(invalid));
        answers
    }
}

impl IntoResponses for WithBody {
    fn responses() -> Answers {
        problems(&[
            (400, "The body could not be read"),
            (408, "The body did not come in time"),
            (413, "The body is too large"),
            (415, "The body is not `application/json`"),
        ])
    }
}

impl IntoResponses for WithId {
    fn responses() -> Answers {
        problems(&[(404, "No user has this id, or it has expired")])
    }
}

impl IntoResponses for WithEmail {
    fn responses() -> Answers {
        problems(&[(
            409,
            "Another user has this e-mail; or the `Idempotency-Key` was used for another creation",
        )])
    }
}

impl IntoResponses for WithCondition {
    fn responses() -> Answers {
        problems(&[(412, "The user is in no state that `If-Match` names")])
    }
}

impl IntoResponses for WithHistory {
    fn responses() -> Answers {
        problems(&[(410, "The changes since this event are not kept any more")])
    }
}

fn problems(told: &[(u16, &str)]) -> Answers {
    let problem = |(status, description): &(u16, &str)| {
        let schema = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem")));
        let mut response = ResponseBuilder::new()
            .description(*description)
            .content(PROBLEM_JSON, schema.build());
        if matches!(status, 429 | 503) {
            let seconds = HeaderBuilder::new()
                .schema(Some(Object::with_type(Type::Integer)))
                .description(Some("Seconds to wait before another try"));
            response = response.header("Retry-After", seconds.build());
        }
        (status.to_string(), RefOr::T(response.build()))
    };
    told.iter().map(problem).collect()
}

/// Adds what the types cannot say.
pub(super) fn complete(mut document: Document) -> Document {
    if let Some(components) = &mut document.components {
        components
            .schemas
            .entry("AlteracaoUsuario".to_owned())
            .and_modify(|schema| {
                if let RefOr::T(Schema::Object(object)) = schema {
                    let one_of_them = json!([{"required": ["nome"]}, {"required": ["email"]}]);
                    let extensions = object.extensions.get_or_insert_default();
                    extensions.insert("anyOf".to_owned(), one_of_them);
                }
            });
        // What was sent can be anything.
        components
            .schemas
            .entry("ValidationError".to_owned())
            .and_modify(|schema| {
                if let RefOr::T(Schema::Object(object)) = schema {
                    let anything = ObjectBuilder::new().schema_type(SchemaType::AnyValue);
                    object
                        .properties
                        .insert("input".to_owned(), anything.into());
                }
            });
    }
    for item in document.paths.paths.values_mut() {
        let operations = [
            &mut item.get,
            &mut item.post,
            &mut item.put,
            &mut item.patch,
            &mut item.delete,
        ];
        for operation in operations.into_iter().flatten() {
            name_request_id(operation);
            for parameter in operation.parameters.iter_mut().flatten() {
                never_null(parameter);
            }
        }
    }
    document
}

/// Every answer has the request's id.
fn name_request_id(operation: &mut Operation) {
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response {
            let header = HeaderBuilder::new()
                .schema(Some(Object::with_type(Type::String)))
                .description(Some("The request's id"));
            response
                .headers
                .insert("x-request-id".to_owned(), header.build().into());
        }
    }
}

/// A header or a query may be absent, but it is never `null`, which only JSON knows.
fn never_null(parameter: &mut RefOr<Parameter>) {
    if let RefOr::T(parameter) = parameter
        && let Some(RefOr::T(Schema::Object(object))) = &mut parameter.schema
        && let SchemaType::Array(types) = &mut object.schema_type
    {
        types.retain(|kind| *kind != Type::Null);
        if let [kind] = &types[..] {
            object.schema_type = SchemaType::Type(kind.clone());
        }
    }
}
