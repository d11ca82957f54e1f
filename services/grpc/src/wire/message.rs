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
