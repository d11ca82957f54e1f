//! Users and changes as Redis keeps them: texts.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::domain::{
    Change, ChangeKind, Email, Name, Page, Position, Timestamp, User, UserId, Version,
};
use crate::error::Error;
use crate::store::change_log::Entry;

/// The fields of a user, in the order in which scripts give them.
pub(super) const FIELDS: [&str; 6] = [
    "nome",
    "email",
    "criado_em",
    "atualizado_em",
    "versao",
    "expira_em",
];

/// Entries of the stream: id, and fields with their values.
pub(super) type Entries = Vec<(String, HashMap<String, String>)>;

/// Something that no version of this service can have written.
pub(super) fn corrupt(what: &str, value: &str) -> Error {
    Error::Corrupt(format!("{what}: {value:?}"))
}

/// The word with which a script answers, and what follows.
pub(super) fn outcome(answer: &[String]) -> (&str, &[String]) {
    match answer {
        [word, rest @ ..] => (word, rest),
        [] => ("", &[]),
    }
}

/// A user: its id, then its fields.
pub(super) fn user(values: &[String]) -> Result<User, Error> {
    match values {
        [id, fields @ ..] => {
            let parsed = UserId::parse(id).ok_or_else(|| corrupt("id", id))?;
            user_of(parsed, fields)
        }
        [] => Err(corrupt("user", "")),
    }
}

/// A user of this id.
pub(super) fn user_of(id: UserId, fields: &[String]) -> Result<User, Error> {
    let [name, email, created, updated, version, expires] = fields else {
        return Err(corrupt("fields of a user", &fields.join(" ")));
    };
    let expires = match expires.as_str() {
        "" => None,
        text => Some(timestamp(text)?),
    };
    Ok(User {
        id,
        name: Name::new(name).ok_or_else(|| corrupt("nome", name))?,
        email: Email::new(email).ok_or_else(|| corrupt("email", email))?,
        created: timestamp(created)?,
        updated: timestamp(updated)?,
        expires,
        version: Version(number("versao", version)?),
    })
}

/// A page: after whom the next one begins, then its users.
pub(super) fn page(answer: &[String]) -> Result<Page, Error> {
    let (next, rows) = outcome(answer);
    let next = match next {
        "" => None,
        id => Some(UserId::parse(id).ok_or_else(|| corrupt("id", id))?),
    };
    let users = rows.chunks(1 + FIELDS.len()).map(user);
    Ok(Page {
        users: users.collect::<Result<_, _>>()?,
        next,
    })
}

/// Where an entry stands.
pub(super) fn position(text: &str) -> Result<Position, Error> {
    Position::parse(text).ok_or_else(|| corrupt("position", text))
}

/// The changes that entries tell. The entry that only marks the beginning tells none, and neither
/// does one that a newer version has written: those who watch must not wait for it for ever.
pub(super) fn changes(
    entries: &[(String, HashMap<String, String>)],
) -> Result<VecDeque<Entry>, Error> {
    let mut changes = VecDeque::with_capacity(entries.len());
    for (id, fields) in entries {
        if fields.get("tipo").is_some_and(|kind| kind == "INICIO") {
            continue;
        }
        match change(fields) {
            Ok(change) => changes.push_back((position(id)?, Arc::new(change))),
            Err(error) => tracing::warn!(id, ?error, "a change is not understood, and not told"),
        }
    }
    Ok(changes)
}

fn change(fields: &HashMap<String, String>) -> Result<Change, Error> {
    let field = |name: &str| fields.get(name).map_or("", String::as_str);
    let kind = match field("tipo") {
        "CRIADO" => ChangeKind::Created,
        "ATUALIZADO" => ChangeKind::Updated,
        "REMOVIDO" => ChangeKind::Removed,
        "EXPIRADO" => ChangeKind::Expired,
        other => return Err(corrupt("tipo", other)),
    };
    let values: Vec<String> = ["id"]
        .iter()
        .chain(&FIELDS)
        .map(|name| field(name).to_owned())
        .collect();
    Ok(Change {
        kind,
        user: user(&values)?,
        at: timestamp(field("momento"))?,
        traceparent: field("traceparent").to_owned(),
    })
}

fn timestamp(text: &str) -> Result<Timestamp, Error> {
    number("timestamp", text).map(Timestamp)
}

fn number(what: &str, text: &str) -> Result<u64, Error> {
    text.parse().map_err(|_| corrupt(what, text))
}
