//! Users and changes as they are sent.

use malha_proto::usuarios::v1::{
    ListarUsuariosResponse, Mudanca, ObservarUsuariosResponse, TipoMudanca, Usuario,
};

use super::token;
use crate::domain::{Change, ChangeKind, Page, Position, Timestamp, User};

/// A user.
pub fn usuario(user: &User) -> Usuario {
    Usuario {
        id: user.id.to_string(),
        nome: user.name.as_str().to_owned(),
        email: user.email.as_str().to_owned(),
        criado_em: Some(timestamp(user.created)),
        atualizado_em: Some(timestamp(user.updated)),
        etag: user.version.etag(),
        expira_em: user.expires.map(timestamp),
    }
}

/// A page.
pub fn pagina(page: &Page) -> ListarUsuariosResponse {
    ListarUsuariosResponse {
        usuarios: page.users.iter().map(usuario).collect(),
        proximo_token: page.next.map(token::of_page).unwrap_or_default(),
    }
}

/// The first message of a stream: where it begins.
pub fn inicio(position: Position) -> ObservarUsuariosResponse {
    ObservarUsuariosResponse {
        mudanca: None,
        token: token::of_changes(position),
    }
}

/// Any other message of a stream.
pub fn mudanca(position: Position, change: &Change) -> ObservarUsuariosResponse {
    let tipo = match change.kind {
        ChangeKind::Created => TipoMudanca::Criado,
        ChangeKind::Updated => TipoMudanca::Atualizado,
        ChangeKind::Removed => TipoMudanca::Removido,
        ChangeKind::Expired => TipoMudanca::Expirado,
    };
    ObservarUsuariosResponse {
        mudanca: Some(Mudanca {
            tipo: tipo.into(),
            usuario: Some(usuario(&change.user)),
            momento: Some(timestamp(change.at)),
            traceparent: change.traceparent.clone(),
        }),
        token: token::of_changes(position),
    }
}

fn timestamp(at: Timestamp) -> prost_types::Timestamp {
    let nanos = (at.0 % 1000) * 1_000_000;
    prost_types::Timestamp {
        seconds: i64::try_from(at.0 / 1000).unwrap_or(i64::MAX),
        nanos: i32::try_from(nanos).unwrap_or_default(), // below a thousand million
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Email, Name, RandomBits, UserId, Version};

    fn ana() -> User {
        User {
            id: UserId::new(Timestamp(1), RandomBits([7; 10])),
            name: Name::new("Ana").unwrap(),
            email: Email::new("ana@exemplo.com").unwrap(),
            created: Timestamp(1_700_000_000_123),
            updated: Timestamp(1_700_000_001_000),
            expires: None,
            version: Version(26),
        }
    }

    fn at(seconds: i64, nanos: i32) -> prost_types::Timestamp {
        prost_types::Timestamp { seconds, nanos }
    }

    #[test]
    fn a_user_is_sent_with_its_times_to_the_millisecond() {
        let ana = ana();
        let sent = usuario(&ana);
        let expected = Usuario {
            id: ana.id.to_string(),
            nome: "Ana".to_owned(),
            email: "ana@exemplo.com".to_owned(),
            criado_em: Some(at(1_700_000_000, 123_000_000)),
            atualizado_em: Some(at(1_700_000_001, 0)),
            etag: "v1a".to_owned(),
            expira_em: None,
        };
        assert_eq!(sent, expected);
        let expires = Some(Timestamp(2_999));
        let sent = usuario(&User { expires, ..ana });
        assert_eq!(sent.expira_em, Some(at(2, 999_000_000)));
    }

    #[test]
    fn the_last_page_has_no_token_and_any_other_one_has() {
        let ana = ana();
        let page = |next| {
            let users = vec![ana.clone()];
            pagina(&Page { users, next })
        };
        let last = page(None);
        assert_eq!(last.usuarios, [usuario(&ana)]);
        assert_eq!(last.proximo_token, "");
        assert_eq!(page(Some(ana.id)).proximo_token, token::of_page(ana.id));
    }

    #[test]
    fn each_message_of_a_stream_says_where_it_stands_and_the_first_no_more_than_that() {
        let position = Position { time: 5, number: 6 };
        let first = inicio(position);
        assert_eq!(first.mudanca, None);
        assert_eq!(token::changes(&first.token), Some(position));

        for (kind, tipo) in [
            (ChangeKind::Created, TipoMudanca::Criado),
            (ChangeKind::Updated, TipoMudanca::Atualizado),
            (ChangeKind::Removed, TipoMudanca::Removido),
            (ChangeKind::Expired, TipoMudanca::Expirado),
        ] {
            let change = Change {
                kind,
                user: ana(),
                at: Timestamp(1_500),
                traceparent: "00-a-b-01".to_owned(),
            };
            let sent = mudanca(position, &change);
            assert_eq!(token::changes(&sent.token), Some(position));
            let expected = Mudanca {
                tipo: tipo.into(),
                usuario: Some(usuario(&change.user)),
                momento: Some(at(1, 500_000_000)),
                traceparent: change.traceparent,
            };
            assert_eq!(sent.mudanca, Some(expected));
        }
    }
}
