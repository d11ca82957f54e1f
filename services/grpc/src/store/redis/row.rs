//! Users and changes as Redis keeps them: texts.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use runtime_redis::Value;

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
            let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
            user_of(parsed, &fields)
        }
        [] => Err(corrupt("user", "")),
    }
}

/// A user of this id as `HMGET` gives it, or none where there is none. Its texts are read where they are.
pub(super) fn found(id: UserId, answer: &Value) -> Result<Option<User>, Error> {
    let Value::Array(values) = answer else {
        return Err(corrupt("fields of a user", &format!("{answer:?}")));
    };
    let mut fields = Vec::with_capacity(values.len());
    for value in values {
        let field = match value {
            Value::Nil => return Ok(None),
            Value::BulkString(bytes) => str::from_utf8(bytes).ok(),
            _ => None,
        };
        fields.push(field.ok_or_else(|| corrupt("field of a user", &format!("{value:?}")))?);
    }
    user_of(id, &fields).map(Some)
}

/// A user of this id.
fn user_of(id: UserId, fields: &[&str]) -> Result<User, Error> {
    let &[name, email, created, updated, version, expires] = fields else {
        return Err(corrupt("fields of a user", &fields.join(" ")));
    };
    let expires = match expires {
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

#[cfg(test)]
mod tests {
    use super::*;

    const ANA: &str = "018bcfe5-6800-7000-8000-000000000001";
    const RUI: &str = "018bcfe5-6800-7000-8000-000000000002";

    fn texts<const N: usize>(texts: [&str; N]) -> Vec<String> {
        texts.map(str::to_owned).to_vec()
    }

    fn row(id: &str) -> Vec<String> {
        texts([id, "Ana", "ana@exemplo.com", "5", "6", "2", "7"])
    }

    /// What an error says of what it did not understand.
    fn wrong<T: std::fmt::Debug>(outcome: Result<T, Error>) -> String {
        match outcome {
            Err(Error::Corrupt(what)) => what,
            other => panic!("{other:?}"),
        }
    }

    fn entry(id: &str, changed: &[(&str, &str)]) -> (String, HashMap<String, String>) {
        let mut fields: HashMap<_, _> = [
            ("tipo", "CRIADO"),
            ("id", ANA),
            ("nome", "Ana"),
            ("email", "ana@exemplo.com"),
            ("criado_em", "5"),
            ("atualizado_em", "6"),
            ("versao", "2"),
            ("expira_em", ""),
            ("momento", "8"),
            ("traceparent", "00-a-b-01"),
        ]
        .into();
        fields.extend(changed.iter().copied());
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        (id.to_owned(), fields.into_iter().map(owned).collect())
    }

    #[test]
    fn a_user_is_read_field_by_field() {
        let ana = user(&row(ANA)).unwrap();
        let expected = User {
            id: UserId::parse(ANA).unwrap(),
            name: Name::new("Ana").unwrap(),
            email: Email::new("ana@exemplo.com").unwrap(),
            created: Timestamp(5),
            updated: Timestamp(6),
            expires: Some(Timestamp(7)),
            version: Version(2),
        };
        assert_eq!(ana, expected);
        let mut for_ever = row(ANA);
        for_ever[6].clear();
        assert_eq!(user(&for_ever).unwrap().expires, None);
    }

    #[test]
    fn what_no_version_has_written_is_told_with_its_field() {
        for (field, value, told) in [
            (0, "1", r#"id: "1""#),
            (1, "", r#"nome: """#),
            (2, "x", r#"email: "x""#),
            (3, "-5", r#"timestamp: "-5""#),
            (5, "two", r#"versao: "two""#),
        ] {
            let mut row = row(ANA);
            value.clone_into(&mut row[field]);
            assert_eq!(wrong(user(&row)), told);
        }
        assert_eq!(wrong(user(&[])), r#"user: """#);
        assert_eq!(
            wrong(user(&row(ANA)[..3])),
            r#"fields of a user: "Ana ana@exemplo.com""#
        );
    }

    #[test]
    fn a_user_is_found_with_all_its_fields_or_not_at_all() {
        let id = UserId::parse(ANA).unwrap();
        let fields = |row: &[String]| {
            let values = row
                .iter()
                .map(|text| Value::BulkString(text.clone().into()));
            values.collect::<Vec<_>>()
        };
        let mut values = fields(&row(ANA)[1..]);
        let all = Value::Array(values.clone());
        assert_eq!(found(id, &all).unwrap(), Some(user(&row(ANA)).unwrap()));
        values[0] = Value::BulkString(vec![0xff]);
        let told = wrong(found(id, &Value::Array(values.clone())));
        assert!(told.starts_with("field of a user"), "{told}");
        values[0] = Value::Nil;
        assert_eq!(found(id, &Value::Array(values)).unwrap(), None);
        assert!(wrong(found(id, &Value::Nil)).starts_with("fields of a user"));
    }

    #[test]
    fn an_answer_begins_with_a_word() {
        let answer = texts(["ok", "1", "2"]);
        assert_eq!(outcome(&answer), ("ok", &answer[1..]));
        assert_eq!(outcome(&[]), ("", &[][..]));
    }

    #[test]
    fn a_page_is_rows_and_after_whom_the_next_one_begins() {
        let answer = [texts([RUI]), row(ANA), row(RUI)].concat();
        let first = page(&answer).unwrap();
        let ids: Vec<_> = first.users.iter().map(|user| user.id.to_string()).collect();
        assert_eq!(ids, [ANA, RUI]);
        assert_eq!(first.next, UserId::parse(RUI));

        let last = page(&[texts([""]), row(ANA)].concat()).unwrap();
        assert_eq!((last.users.len(), last.next), (1, None));
        assert_eq!(page(&texts([""])).unwrap(), Page::default());
        assert_eq!(wrong(page(&texts(["x"]))), r#"id: "x""#);
    }

    #[test]
    fn changes_are_told_in_their_order_without_the_mark_of_the_beginning() {
        let entries = [
            entry("1-0", &[("tipo", "INICIO")]),
            entry("1-1", &[]),
            entry("1-2", &[("tipo", "ATUALIZADO")]),
            entry("1-3", &[("tipo", "REMOVIDO")]),
            entry("1-4", &[("tipo", "EXPIRADO")]),
        ];
        let told = changes(&entries).unwrap();
        let kinds: Vec<_> = told
            .iter()
            .map(|(position, change)| (position.number, change.kind))
            .collect();
        assert_eq!(
            kinds,
            [
                (1, ChangeKind::Created),
                (2, ChangeKind::Updated),
                (3, ChangeKind::Removed),
                (4, ChangeKind::Expired),
            ]
        );
        let (_, first) = &told[0];
        assert_eq!((first.at, &*first.traceparent), (Timestamp(8), "00-a-b-01"));
        assert_eq!(first.user.version, Version(2));
    }

    #[test]
    fn a_change_of_a_newer_version_is_passed_over_and_a_wrong_position_is_not() {
        let newer = entry("1-1", &[("tipo", "FUNDIDO")]);
        let told = changes(&[newer, entry("1-2", &[])]).unwrap();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].0, Position { time: 1, number: 2 });
        assert_eq!(wrong(changes(&[entry("x", &[])])), r#"position: "x""#);
    }
}
