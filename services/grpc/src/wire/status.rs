//! Refusals as `google.rpc.Status`, as the interface promises them.

use std::collections::HashMap;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

use crate::domain::{Refusal, Violation};
use crate::error::Error;

/// Whose reasons the `ErrorInfo` are.
pub const DOMAIN: &str = "usuarios.malha";
/// The user has changed since its etag was read.
pub const VERSION_DIFFERS: &str = "VERSAO_DIFERENTE";
/// The request's id was used for another creation.
pub const REQUEST_DIFFERS: &str = "PEDIDO_DIFERENTE";
/// The resume token is older than what is kept.
pub const CHANGES_LOST: &str = "MUDANCAS_PERDIDAS";

/// The type of resource that `ResourceInfo` names.
const RESOURCE: &str = "usuarios.v1.Usuario";

/// Before another try where there is no room.
const RETRY: Duration = Duration::from_secs(1);

/// The status by which a caller learns of an error.
pub fn of(error: &Error) -> Status {
    let (code, details) = match error {
        Error::Refused(refused) => of_refusal(refused),
        Error::TooManyWatchers | Error::Busy => (Code::ResourceExhausted, retry(RETRY)),
        Error::Unavailable(after) | Error::StoreRefuses(after) => {
            (Code::Unavailable, retry(*after))
        }
        Error::DeadlineExceeded => (Code::DeadlineExceeded, ErrorDetails::new()),
        Error::Corrupt(what) => {
            tracing::error!(what, "the store holds what it never should");
            (Code::Internal, ErrorDetails::new())
        }
        Error::Bind(_) | Error::Descriptors(_) | Error::RedisSetup(_) => {
            (Code::Internal, ErrorDetails::new())
        }
    };
    Status::with_error_details(code, error.to_string(), details)
}

fn of_refusal(refused: &Refusal) -> (Code, ErrorDetails) {
    let text = refused.to_string();
    match refused {
        Refusal::Invalid(violations) => (Code::InvalidArgument, bad_request(violations)),
        Refusal::NotFound(id) => (Code::NotFound, resource(id.to_string(), text)),
        Refusal::EmailTaken(email) => (Code::AlreadyExists, resource(email.clone(), text)),
        Refusal::VersionDiffers => (Code::Aborted, info(VERSION_DIFFERS)),
        Refusal::RequestDiffers => (Code::FailedPrecondition, info(REQUEST_DIFFERS)),
        Refusal::ChangesLost => (Code::OutOfRange, info(CHANGES_LOST)),
        Refusal::Full => (Code::ResourceExhausted, retry(RETRY)),
    }
}

fn bad_request(violations: &[Violation]) -> ErrorDetails {
    let violation = |each: &Violation| FieldViolation::new(&each.field, &each.description);
    ErrorDetails::with_bad_request(violations.iter().map(violation).collect::<Vec<_>>())
}

fn resource(name: String, description: String) -> ErrorDetails {
    ErrorDetails::with_resource_info(RESOURCE, name, "", description)
}

fn info(reason: &str) -> ErrorDetails {
    ErrorDetails::with_error_info(reason, DOMAIN, HashMap::new())
}

fn retry(after: Duration) -> ErrorDetails {
    ErrorDetails::with_retry_info(Some(after))
}
