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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{RandomBits, Timestamp, UserId};

    fn refused(refusal: Refusal) -> Status {
        of(&Error::Refused(refusal))
    }

    #[test]
    fn every_wrong_field_is_named_with_what_would_be_right() {
        let wrong = |field: &str| Violation {
            field: field.to_owned(),
            description: format!("about {field}"),
        };
        let status = refused(Refusal::Invalid(vec![wrong("nome"), wrong("email")]));
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(
            status.message(),
            "pedido inválido: nome: about nome; email: about email"
        );
        let told = status.get_details_bad_request().unwrap().field_violations;
        let told: Vec<_> = told
            .iter()
            .map(|each| (each.field.as_str(), each.description.as_str()))
            .collect();
        assert_eq!(told, [("nome", "about nome"), ("email", "about email")]);
    }

    #[test]
    fn a_user_that_is_missing_or_in_the_way_is_named() {
        let id = UserId::new(Timestamp(1), RandomBits([7; 10]));
        let email = "ana@exemplo.com".to_owned();
        for (refusal, code, name, message) in [
            (
                Refusal::NotFound(id),
                Code::NotFound,
                id.to_string(),
                format!("nenhum usuário com o id {id}"),
            ),
            (
                Refusal::EmailTaken(email.clone()),
                Code::AlreadyExists,
                email,
                "o e-mail ana@exemplo.com já está em uso".to_owned(),
            ),
        ] {
            let status = refused(refusal);
            assert_eq!((status.code(), status.message()), (code, &*message));
            let told = status.get_details_resource_info().unwrap();
            assert_eq!((&*told.resource_type, told.resource_name), (RESOURCE, name));
        }
    }

    #[test]
    fn a_refusal_that_another_try_cannot_mend_has_a_reason_for_programs() {
        for (refusal, code, reason) in [
            (Refusal::VersionDiffers, Code::Aborted, VERSION_DIFFERS),
            (
                Refusal::RequestDiffers,
                Code::FailedPrecondition,
                REQUEST_DIFFERS,
            ),
            (Refusal::ChangesLost, Code::OutOfRange, CHANGES_LOST),
        ] {
            let status = refused(refusal);
            assert_eq!(status.code(), code);
            let told = status.get_details_error_info().unwrap();
            assert_eq!((&*told.reason, &*told.domain), (reason, DOMAIN));
        }
    }

    #[test]
    fn whoever_may_try_again_is_told_when() {
        let wait = Duration::from_millis(1500);
        for (error, code, after) in [
            (
                Error::Refused(Refusal::Full),
                Code::ResourceExhausted,
                RETRY,
            ),
            (Error::TooManyWatchers, Code::ResourceExhausted, RETRY),
            (Error::Busy, Code::ResourceExhausted, RETRY),
            (Error::Unavailable(wait), Code::Unavailable, wait),
            (Error::StoreRefuses(wait), Code::Unavailable, wait),
        ] {
            let status = of(&error);
            assert_eq!(status.code(), code);
            let told = status.get_details_retry_info().unwrap();
            assert_eq!(told.retry_delay, Some(after));
        }
        assert!(
            of(&Error::DeadlineExceeded)
                .get_details_retry_info()
                .is_none()
        );
    }
}
