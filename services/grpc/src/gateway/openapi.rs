//! `/openapi.json`, from the handlers and the types that they use, and as it is kept of them.

use axum::body::Bytes;
use serde_json::{Value, json};
use utoipa::OpenApi;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, Parameter};
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{OpenApi as Document, RefOr};

use super::error::Problem;
use super::json::Mudanca;
use super::validation::{LocPart, ValidationError, ValidationErrors};
use super::{changes, users};

pub(super) mod answers;

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
