//! `/openapi.json`, from the handlers and the types that they use, and as it is kept of them.

use std::collections::BTreeMap;

use axum::body::Bytes;
use serde_json::{Value, json};
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{Object, OpenApi as Document, Ref, RefOr, Required};
use utoipa::{IntoParams, IntoResponses, OpenApi};

use super::error::{PROBLEM_JSON, Problem};
use super::json::Mudanca;
use super::validation::{LocPart, ValidationError, ValidationErrors};
use super::{changes, users};

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
    paths(
        users::criar,
        users::listar,
        changes::mudancas,
        users::obter,
        users::substituir,
        users::alterar,
        users::remover,
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
/// Answers of routes with [`Conditions`].
pub(super) struct WithCondition;
/// The conditions on the state of what a request is for.
pub(super) struct Conditions;
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

/// The headers of answers, each with what it looks like.
const ANSWERED: [(&str, &str); 5] = [
    ("ETag", r#"^"[!#-~]*"$"#),
    ("Location", r"^[^\s?#]*/usuarios/[0-9a-f-]{36}$"),
    (
        "Link",
        r#"^<[^<>\s]*>; rel="(first|next)"(, <[^<>\s]*>; rel="first")?$"#,
    ),
    ("Idempotent-Replayed", "^true$"),
    ("x-request-id", r"^[A-Za-z0-9_.:/+=-]{1,128}$"),
];

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
pub(super) fn complete(document: Document) -> Value {
    let mut document = serde_json::to_value(completed(document)).unwrap_or_default();
    let change = document.pointer_mut("/components/schemas/AlteracaoUsuario");
    if let Some(Value::Object(change)) = change {
        // By `anyOf` of `required` it would be no type to most generators of clients, and
        // openapi-generator makes Go of "null" that does not compile.
        let no_text = json!({"not": {"type": "string"}});
        let nothing = json!({"properties": {"nome": no_text, "email": no_text}});
        change.insert("minProperties".to_owned(), json!(1));
        change.insert("not".to_owned(), nothing);
    }
    document
}

fn completed(mut document: Document) -> Document {
    if let Some(components) = &mut document.components {
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
            complete_headers(operation);
            for parameter in operation.parameters.iter_mut().flatten() {
                never_null(parameter);
            }
        }
    }
    document
}

/// The document as it is answered. It is written once: who asks for it again and again, and never reads,
/// costs neither time nor memory.
#[derive(Clone, Debug)]
pub(super) struct Text(Bytes);

impl Text {
    /// The document that is kept beside `Cargo.toml`, without the space that is there for readers.
    pub(super) fn kept() -> Self {
        let mut text = String::new();
        for line in include_str!("../../openapi.json").lines() {
            let line = line.trim_start();
            match line.split_once("\": ") {
                Some((name, value)) if is_name(name) => {
                    text.extend([name, "\":", value]);
                }
                _ => text.push_str(line),
            }
        }
        text.shrink_to_fit();
        Self(text.into())
    }

    /// As FastAPI gives it below a path: as that of a server there.
    pub(super) fn served_at(&self, path: Option<&str>) -> Bytes {
        match (path, self.0.strip_suffix(b"}")) {
            (Some(path), Some(fields)) => {
                let servers = json!([{"url": path}]);
                let more = format!(",\"servers\":{servers}}}");
                [fields, more.as_bytes()].concat().into()
            }
            _ => self.0.clone(),
        }
    }
}

/// Whether a line that begins so begins with a name, up to its second quote.
fn is_name(text: &str) -> bool {
    let name = text.strip_prefix('"');
    name.is_some_and(|name| !name.contains(['"', '\\']))
}

/// Every answer has the request's id, and every header its pattern.
fn complete_headers(operation: &mut Operation) {
    for response in operation.responses.responses.values_mut() {
        let RefOr::T(response) = response else {
            continue;
        };
        let id = HeaderBuilder::new().description(Some("The request's id"));
        response
            .headers
            .insert("x-request-id".to_owned(), id.build().into());
        for (name, header) in &mut response.headers {
            let known = ANSWERED.iter().find(|(known, _)| known == name);
            if let (RefOr::T(header), Some((_, pattern))) = (header, known) {
                let text = ObjectBuilder::new().schema_type(Type::String);
                let text = Schema::Object(text.pattern(Some(*pattern)).build());
                header.schema = Some(text.into());
            }
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

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use axum::http::{HeaderMap, HeaderName, HeaderValue};
    use proptest::prelude::*;
    use proptest::sample::select;
    use proptest::test_runner::TestRunner;
    use regex::Regex;
    use serde_json::json;

    use super::Text;
    use crate::domain::{RandomBits, Timestamp, UserId};
    use crate::gateway::conditional::Preconditions;
    use crate::gateway::validation::Findings;
    use crate::gateway::{document, input};
    use crate::wire::token;

    /// The pattern that the document has for a parameter of a route.
    fn pattern(method: &str, name: &str) -> Regex {
        let document = document();
        let route = &document["paths"]["/usuarios"][method];
        let mut parameters = route["parameters"].as_array().unwrap().iter();
        let found = parameters.find(|parameter| parameter["name"] == name);
        Regex::new(found.unwrap()["schema"]["pattern"].as_str().unwrap()).unwrap()
    }

    fn all<S: Strategy<Value: Debug>>(texts: S, holds: impl Fn(S::Value)) {
        let tried = TestRunner::default().run(&texts, |text| {
            holds(text);
            Ok(())
        });
        tried.unwrap();
    }

    fn headers(name: &str, text: &str) -> HeaderMap {
        let name = HeaderName::try_from(name).unwrap();
        HeaderMap::from_iter([(name, HeaderValue::from_bytes(text.as_bytes()).unwrap())])
    }

    #[test]
    fn conditions_are_read_where_their_pattern_lets_them_through_and_nowhere_else() {
        const PIECES: [&str; 11] = [
            "\"\"", "\"a,\"", "\"é", "\"", "W/", "w/", "*", ",", " ", "\t", "0",
        ];
        let texts = prop::collection::vec(select(&PIECES[..]), 0..7);
        for name in ["If-Match", "If-None-Match"] {
            let pattern = pattern("get", name);
            all(texts.clone(), |pieces| {
                let text = pieces.concat();
                let mut findings = Findings::default();
                let read = Preconditions::read(&headers(name, &text), &mut findings);
                assert_eq!(read.is_some(), pattern.is_match(&text), "{name}: {text:?}");
            });
        }
    }

    #[test]
    fn keys_are_read_where_their_pattern_lets_them_through_and_nowhere_else() {
        let pattern = pattern("post", "Idempotency-Key");
        for text in ["a", "a b", "é", "a\tb", ""] {
            let read = input::idempotency_key(&headers("Idempotency-Key", text));
            assert_eq!(read.is_ok(), pattern.is_match(text), "{text:?}");
        }
    }

    #[test]
    fn cursors_are_read_where_their_pattern_lets_them_through_and_nowhere_else() {
        let pattern = pattern("get", "cursor");
        let tokens = (any::<u64>(), any::<[u8; 10]>()).prop_map(|(time, bits)| {
            let time = Timestamp(time & 0xffff_ffff_ffff);
            token::of_page(UserId::new(time, RandomBits(bits)))
        });
        all(
            (tokens, 0..23_usize, "[A-Za-z0-9_-]"),
            |(token, at, other)| {
                assert!(pattern.is_match(&token), "{token}");
                let mut changed = token;
                changed.replace_range(at..=at, &other);
                let read = token::page(&changed).is_some();
                assert_eq!(read, pattern.is_match(&changed), "{changed}");
            },
        );
        assert!(pattern.is_match(""));
    }

    #[test]
    fn the_document_is_written_once_and_below_a_path_it_names_a_server() {
        let document = document();
        let text = Text::kept();
        let (first, second) = (text.served_at(None), text.served_at(None));
        assert_eq!(first, document.to_string());
        assert_eq!(first.as_ptr(), second.as_ptr());
        let mut below = document;
        below["servers"] = json!([{"url": "/a\"b"}]);
        assert_eq!(text.served_at(Some("/a\"b")), below.to_string());
    }
}
