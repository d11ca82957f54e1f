//! What is wrong with a request, in FastAPI's shape: pydantic's types and messages, and where.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

/// The answer 422, as FastAPI gives it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = HTTPValidationError)]
pub(super) struct ValidationErrors {
    /// Everything that is wrong.
    pub(super) detail: Vec<ValidationError>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ValidationError)]
pub(super) struct ValidationError {
    /// Its kind, as in `string_too_long`.
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    /// Where it is: `body`, `path`, `query` or `header`, then names and places within.
    pub(super) loc: Vec<LocPart>,
    /// What would be right.
    pub(super) msg: String,
    /// What was sent there.
    #[schema(value_type = Object)]
    pub(super) input: Box<Value>,
    /// The limits that the message speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, required = false)]
    pub(super) ctx: Option<Box<Map<String, Value>>>,
}

/// A step on the way to what is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Place)]
pub(super) enum LocPart {
    /// A name.
    Name(String),
    /// A place in a list or a text.
    Index(u64),
}

impl ValidationError {
    /// Something wrong at a name in a part of the request, as in `("body", "email")`.
    pub(super) fn at(part: &str, name: &str, kind: &'static str, msg: impl Into<String>) -> Self {
        Self {
            kind,
            loc: vec![
                LocPart::Name(part.to_owned()),
                LocPart::Name(name.to_owned()),
            ],
            msg: msg.into(),
            input: Box::default(),
            ctx: None,
        }
    }

    /// Something wrong with a part as a whole.
    pub(super) fn with(part: &str, kind: &'static str, msg: impl Into<String>) -> Self {
        let mut wrong = Self::at(part, "", kind, msg);
        wrong.loc.pop();
        wrong
    }

    /// A rule that is nobody's but ours.
    pub(super) fn rule(part: &str, name: &str, said: &str) -> Self {
        Self::at(part, name, "value_error", format!("Value error, {said}"))
    }

    /// A name that is missing.
    pub(super) fn missing(part: &str, name: &str) -> Self {
        Self::at(part, name, "missing", "Field required")
    }

    /// What was sent.
    #[must_use]
    pub(super) fn input(self, input: impl Into<Value>) -> Self {
        let input = Box::new(input.into());
        Self { input, ..self }
    }

    /// A limit.
    #[must_use]
    pub(super) fn limit(mut self, name: &str, value: impl Into<Value>) -> Self {
        let limits = self.ctx.get_or_insert_default();
        limits.insert(name.to_owned(), value.into());
        self
    }

    /// A body that is no JSON, from this character on.
    pub(super) fn no_json(at: u64, said: &str) -> Self {
        let mut wrong = Self::with("body", "json_invalid", "JSON decode error")
            .input(json!({}))
            .limit("error", said);
        wrong.loc.push(LocPart::Index(at));
        wrong
    }
}

/// Collects what is wrong, so that a caller learns of everything at once.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<ValidationError>);

impl Findings {
    /// The value, or nothing where it is wrong.
    pub(super) fn take<T>(&mut self, read: Result<T, ValidationError>) -> Option<T> {
        read.map_err(|wrong| self.0.push(wrong)).ok()
    }

    /// One more.
    pub(super) fn add(&mut self, wrong: ValidationError) {
        self.0.push(wrong);
    }

    /// Whether nothing was wrong.
    pub(super) fn into_result(self) -> Result<(), ValidationErrors> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(ValidationErrors { detail: self.0 })
        }
    }
}

impl From<ValidationError> for ValidationErrors {
    fn from(wrong: ValidationError) -> Self {
        let detail = vec![wrong];
        Self { detail }
    }
}

impl IntoResponse for ValidationErrors {
    fn into_response(self) -> Response {
        (StatusCode::UNPROCESSABLE_ENTITY, Json(self)).into_response()
    }
}
