//! Users, pages and changes as JSON.

use std::time::{Duration, UNIX_EPOCH};

use malha_proto::usuarios::v1::{self as proto, TipoMudanca};
use prost_types::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::validation::{Findings, ValidationError};
use crate::domain::{Email, Name};
use crate::texts::expected;

/// A user.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Usuario {
    /// A UUID of version 7: ids sort by creation.
    #[schema(format = Uuid, example = "0199d2f0-7d52-7c33-9b7e-1f0a5c1d2e3f")]
    pub(super) id: String,
    /// The name.
    #[schema(example = "Ana Maria")]
    pub(super) nome: String,
    /// The e-mail address. No two users have the same.
    #[schema(format = "idn-email", example = "ana@exemplo.com.br")]
    pub(super) email: String,
    /// When it was created, in UTC.
    #[schema(format = DateTime, example = "2026-11-21T12:34:56.789Z")]
    pub(super) criado_em: String,
    /// When it was last changed, in UTC.
    #[schema(format = DateTime, example = "2026-11-21T12:34:56.789Z")]
    pub(super) atualizado_em: String,
}

/// What a user is made of. Other members are passed over.
#[derive(Clone, Debug, PartialEq, Eq, ToSchema)]
pub(super) struct NovoUsuario {
    /// The name, without control characters; spaces around it are cut off.
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$",
        example = "Ana Maria"
    )]
    pub(super) nome: String,
    /// The e-mail address.
    #[schema(format = "idn-email", max_length = 254, example = "ana@exemplo.com.br")]
    pub(super) email: String,
}

/// What changes of a user: one member at least. `null` is as good as absent; other members are
/// passed over.
#[derive(Clone, Debug, PartialEq, Eq, ToSchema)]
pub(super) struct AlteracaoUsuario {
    /// The new name.
    #[schema(value_type = Option<String>, required = false, min_length = 1, max_length = 100, pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$", example = "Ana Clara")]
    pub(super) nome: Option<String>,
    /// The new e-mail address.
    #[schema(value_type = Option<String>, required = false, format = "idn-email", max_length = 254)]
    pub(super) email: Option<String>,
}

/// A page of users.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct PaginaUsuarios {
    /// The users, the oldest first.
    pub(super) items: Vec<Usuario>,
    /// The `cursor` of the next page; `null` after the last.
    #[schema(required = true)]
    pub(super) next_page: Option<String>,
}

/// A change of a user: the `data` of one event.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Mudanca {
    /// What happened.
    pub(super) tipo: Tipo,
    /// The user after it; of one that is gone, the last state.
    pub(super) usuario: Usuario,
    /// When, in UTC.
    #[schema(format = DateTime)]
    pub(super) momento: String,
    /// The trace in which it was made (W3C Trace Context), where there is one.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(
        required = false,
        example = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    )]
    pub(super) traceparent: String,
}

/// What happens to users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Tipo {
    /// It was created.
    Criado,
    /// It was changed.
    Atualizado,
    /// It was removed.
    Removido,
    /// Its time was up.
    Expirado,
}

impl From<proto::Usuario> for Usuario {
    fn from(user: proto::Usuario) -> Self {
        Self {
            criado_em: rfc3339(user.criado_em),
            atualizado_em: rfc3339(user.atualizado_em),
            id: user.id,
            nome: user.nome,
            email: user.email,
        }
    }
}

impl Mudanca {
    /// The change, or none where it is of a kind that only a newer server knows.
    pub(super) fn read(change: proto::Mudanca) -> Option<Self> {
        let tipo = match change.tipo() {
            TipoMudanca::Unspecified => return None,
            TipoMudanca::Criado => Tipo::Criado,
            TipoMudanca::Atualizado => Tipo::Atualizado,
            TipoMudanca::Removido => Tipo::Removido,
            TipoMudanca::Expirado => Tipo::Expirado,
        };
        Some(Self {
            tipo,
            usuario: change.usuario?.into(),
            momento: rfc3339(change.momento),
            traceparent: change.traceparent,
        })
    }
}

/// A time in RFC 3339, always with milliseconds, so that texts sort as times do. It has the years from 1970
/// to 9999 alone.
fn rfc3339(time: Option<Timestamp>) -> String {
    let mut time = time.unwrap_or_default();
    time.normalize();
    let seconds = u64::try_from(time.seconds).unwrap_or_default();
    let since = Duration::new(seconds.min(LAST_SECOND), time.nanos.unsigned_abs());
    humantime::format_rfc3339_millis(UNIX_EPOCH + since).to_string()
}

/// 9999-12-31T23:59:59Z.
const LAST_SECOND: u64 = 253_402_300_799;

impl NovoUsuario {
    /// A body as a new user, or what is wrong with it.
    pub(super) fn read(body: &Value, findings: &mut Findings) -> Option<Self> {
        let members = members(body, findings)?;
        let mut member = |name: &str, rules: fn(&str) -> Result<(), ValidationError>| {
            let missing = || ValidationError::missing("body", name).input(body.clone());
            let value = members.get(name).ok_or_else(missing);
            findings.take(value.and_then(|value| text(name, value, rules)))
        };
        let (nome, email) = (member("nome", name_rules), member("email", email_rules));
        Some(Self {
            nome: nome?,
            email: email?,
        })
    }
}

impl AlteracaoUsuario {
    /// A body as a change, or what is wrong with it.
    pub(super) fn read(body: &Value, findings: &mut Findings) -> Option<Self> {
        let members = members(body, findings)?;
        let mut right = true;
        let mut member = |name: &str, rules: fn(&str) -> Result<(), ValidationError>| {
            let value = members.get(name).filter(|value| !value.is_null())?;
            let text = findings.take(text(name, value, rules));
            right &= text.is_some();
            text
        };
        let (nome, email) = (member("nome", name_rules), member("email", email_rules));
        if !right {
            return None;
        }
        if nome.is_none() && email.is_none() {
            let said = "Value error, at least one of nome and email is needed";
            findings.add(ValidationError::with("body", "value_error", said).input(body.clone()));
            return None;
        }
        Some(Self { nome, email })
    }
}

fn members<'a>(
    body: &'a Value,
    findings: &mut Findings,
) -> Option<&'a serde_json::Map<String, Value>> {
    if let Value::Object(members) = body {
        return Some(members);
    }
    let said = "Input should be a valid dictionary or object to extract fields from";
    findings.add(ValidationError::with("body", "model_attributes_type", said).input(body.clone()));
    None
}

fn text(
    name: &str,
    value: &Value,
    rules: fn(&str) -> Result<(), ValidationError>,
) -> Result<String, ValidationError> {
    let Value::String(text) = value else {
        let said = "Input should be a valid string";
        return Err(ValidationError::at("body", name, "string_type", said).input(value.clone()));
    };
    rules(text).map_err(|wrong| wrong.input(text.as_str()))?;
    Ok(text.clone())
}

/// The most characters of a name, spaces around it included.
const LONGEST_NAME: usize = 100;

fn name_rules(text: &str) -> Result<(), ValidationError> {
    let at = |kind, said: &str| Err(ValidationError::at("body", "nome", kind, said));
    if text.trim().is_empty() {
        let said = "String should have at least 1 character";
        return at("string_too_short", said).map_err(|wrong| wrong.limit("min_length", 1));
    }
    if text.chars().count() > LONGEST_NAME {
        let said = format!("String should have at most {LONGEST_NAME} characters");
        let wrong = at("string_too_long", &said);
        return wrong.map_err(|wrong| wrong.limit("max_length", LONGEST_NAME));
    }
    if text.contains(char::is_control) || Name::new(text).is_none() {
        return Err(ValidationError::rule("body", "nome", expected::NAME));
    }
    Ok(())
}

fn email_rules(text: &str) -> Result<(), ValidationError> {
    if text.trim() == text && Email::new(text).is_some() {
        return Ok(());
    }
    let reason = expected::EMAIL;
    let said = format!("value is not a valid email address: {reason}");
    Err(ValidationError::at("body", "email", "value_error", said).limit("reason", reason))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wrong<T>(read: impl Fn(&Value, &mut Findings) -> Option<T>, body: &Value) -> Value {
        let mut findings = Findings::default();
        assert!(read(body, &mut findings).is_none(), "{body}");
        let wrong = findings.into_result().unwrap_err();
        serde_json::to_value(wrong.detail).unwrap()
    }

    #[test]
    fn times_have_milliseconds_and_sort_as_texts() {
        let at = |seconds, nanos| rfc3339(Some(Timestamp { seconds, nanos }));
        let times = [
            at(0, 0),
            at(0, 999_999_999),
            at(1_732_147_200, 0),
            at(1_732_147_200, 5_000_000),
            at(i64::MAX, 0),
        ];
        assert_eq!(times[0], "1970-01-01T00:00:00.000Z");
        assert_eq!(times[3], "2024-11-21T00:00:00.005Z");
        assert_eq!(times[4], "9999-12-31T23:59:59.000Z");
        assert_eq!(at(-1, 0), times[0]);
        assert!(times.is_sorted());
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once_as_pydantic_would() {
        let told = wrong(NovoUsuario::read, &json!({"nome": 5}));
        assert_eq!(
            told,
            json!([
                {"type": "string_type", "loc": ["body", "nome"],
                 "msg": "Input should be a valid string", "input": 5},
                {"type": "missing", "loc": ["body", "email"],
                 "msg": "Field required", "input": {"nome": 5}},
            ])
        );
        let told = wrong(NovoUsuario::read, &json!(["a"]));
        assert_eq!(
            (&told[0]["type"], &told[0]["loc"]),
            (&json!("model_attributes_type"), &json!(["body"]))
        );
    }

    #[test]
    fn names_and_addresses_have_rules() {
        for (nome, kind) in [
            ("", "string_too_short"),
            ("  ", "string_too_short"),
            (&*"é".repeat(101), "string_too_long"),
            ("a\0b", "value_error"),
        ] {
            let told = wrong(
                NovoUsuario::read,
                &json!({"nome": nome, "email": "a@b.com"}),
            );
            assert_eq!(
                (&told[0]["type"], &told[0]["input"]),
                (&json!(kind), &json!(nome))
            );
        }
        for email in ["", "a", "a@b", " a@b.com"] {
            let told = wrong(NovoUsuario::read, &json!({"nome": "a", "email": email}));
            assert_eq!(
                (&told[0]["type"], &told[0]["loc"][1]),
                (&json!("value_error"), &json!("email"))
            );
        }
    }

    #[test]
    fn other_members_are_passed_over_but_a_change_of_nothing_is_refused() {
        let whole = json!({"id": "x", "nome": "Ana", "email": "a@b.com", "criado_em": 0});
        let mut findings = Findings::default();
        assert!(NovoUsuario::read(&whole, &mut findings).is_some());
        let some = AlteracaoUsuario::read(&json!({"email": "a@b.com", "x": 1}), &mut findings);
        assert_eq!(
            some.map(|some| (some.nome, some.email)),
            Some((None, Some("a@b.com".to_owned())))
        );
        let nulls = json!({"email": "a@b.com", "nome": null});
        let some = AlteracaoUsuario::read(&nulls, &mut findings);
        assert_eq!(some.map(|some| some.nome), Some(None));
        for body in [json!({}), json!({"nmae": "Ana"}), json!({"nome": null})] {
            wrong(AlteracaoUsuario::read, &body);
        }
    }
}
