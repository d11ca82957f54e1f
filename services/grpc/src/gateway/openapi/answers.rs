//! What routes may answer beside what each says of itself.

use std::collections::BTreeMap;

use serde_json::json;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Object, Ref, RefOr, Required};
use utoipa::{IntoParams, IntoResponses};

use crate::gateway::error::PROBLEM_JSON;

type Answers = BTreeMap<String, RefOr<Response>>;

/// Answers of every route.
pub(in crate::gateway) struct Always;
/// Answers of routes with a body.
pub(in crate::gateway) struct WithBody;
/// Answers of routes with an id.
pub(in crate::gateway) struct WithId;
/// Answers of routes that set an e-mail.
pub(in crate::gateway) struct WithEmail;
/// Answers of routes with [`Conditions`].
pub(in crate::gateway) struct WithCondition;
/// The conditions on the state of what a request is for.
pub(in crate::gateway) struct Conditions;
/// Answers of the route that goes on from an event.
pub(in crate::gateway) struct WithHistory;

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
            (
                415,
                "The body is not `application/json`, or has a `Content-Encoding`",
            ),
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
        problems(&[(
            412,
            "The state is none that `If-Match` names by a strong tag; or it is, of a write, one that \
             `If-None-Match` names",
        )])
    }
}

impl IntoResponses for WithHistory {
    fn responses() -> Answers {
        problems(&[(410, "The changes since this event are not kept any more")])
    }
}

impl IntoParams for Conditions {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let header = |name: &str, description: &str| {
            let tags = ObjectBuilder::new()
                .schema_type(Type::String)
                .pattern(Some(TAGS))
                .examples([json!("\"v1\"")]);
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Header)
                .required(Required::False)
                .description(Some(description))
                .schema(Some(tags))
                .build()
        };
        vec![
            header(
                "If-Match",
                "ETags of the states in which it may be done, or `*`; weak ones (`W/`) never match",
            ),
            header(
                "If-None-Match",
                "ETags of the states in which it is not to be done, or not to be sent again; or `*`",
            ),
        ]
    }
}

/// A list of entity tags, or `*` (RFC 9110, 13.1.1). Such a list may have empty places (5.6.1.2), and
/// a tag any octet from 0x80 on (8.8.3), read here as Latin 1.
const TAGS: &str = r#"^([ \t]*\*[ \t]*|[ \t,]*(W/)?"[!#-~\x80-\xff]*"([ \t]*,[ \t,]*(W/)?"[!#-~\x80-\xff]*")*[ \t,]*)$"#;

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
