//! What is asked, field by field, or everything that is wrong with it.

use malha_proto::usuarios::v1::{
    AtualizarUsuarioRequest, CriarUsuarioRequest, ListarUsuariosRequest, ObservarUsuariosRequest,
    ObterUsuarioRequest, RemoverUsuarioRequest,
};

use super::token;
use crate::domain::{
    Email, Name, NewUser, PageSize, Patch, Position, Refusal, RequestId, UserId, Version, Violation,
};
use crate::texts::expected;

/// The creation of a user, and the id of the request where it has one.
pub fn criar(request: &CriarUsuarioRequest) -> Result<(NewUser, Option<RequestId>), Refusal> {
    let mut wrong = Violations::default();
    let name = wrong.required("nome", Name::new(&request.nome), expected::NAME);
    let email = wrong.required("email", Email::new(&request.email), expected::EMAIL);
    let id = wrong.optional(
        "id_pedido",
        &request.id_pedido,
        RequestId::new,
        expected::REQUEST_ID,
    );
    match (name, email) {
        (Some(name), Some(email)) if wrong.0.is_empty() => Ok((NewUser { name, email }, id)),
        _ => Err(wrong.refused()),
    }
}

/// Which user.
pub fn obter(request: &ObterUsuarioRequest) -> Result<UserId, Refusal> {
    let mut wrong = Violations::default();
    let id = wrong.required("id", UserId::parse(&request.id), expected::USER_ID);
    id.ok_or_else(|| wrong.refused())
}

/// Which page: its size, and the user after whom it begins.
pub fn listar(request: &ListarUsuariosRequest) -> Result<(PageSize, Option<UserId>), Refusal> {
    let mut wrong = Violations::default();
    let size = PageSize::new(request.tamanho_pagina);
    let size = wrong.required("tamanho_pagina", size, expected::PAGE_SIZE);
    let after = wrong.optional(
        "token_pagina",
        &request.token_pagina,
        token::page,
        expected::TOKEN,
    );
    match size {
        Some(size) if wrong.0.is_empty() => Ok((size, after)),
        _ => Err(wrong.refused()),
    }
}

/// Which user changes, what of it, and from which version.
pub fn atualizar(
    request: &AtualizarUsuarioRequest,
) -> Result<(UserId, Patch, Option<Version>), Refusal> {
    let mut wrong = Violations::default();
    let Some(usuario) = &request.usuario else {
        wrong.add("usuario", expected::USER);
        return Err(wrong.refused());
    };
    let paths = request.mascara.as_ref().map_or(&[][..], |mask| &mask.paths);
    for path in paths {
        if !FIELDS.contains(&path.as_str()) {
            wrong.add("mascara", expected::MASK);
            break;
        }
    }
    let changes = |field| paths.is_empty() || paths.iter().any(|path| path == field);
    let id = wrong.required("usuario.id", UserId::parse(&usuario.id), expected::USER_ID);
    let mut patch = Patch::default();
    if changes("nome") {
        let name = Name::new(&usuario.nome);
        patch.name = wrong.required("usuario.nome", name, expected::NAME);
    }
    if changes("email") {
        let email = Email::new(&usuario.email);
        patch.email = wrong.required("usuario.email", email, expected::EMAIL);
    }
    match id {
        Some(id) if wrong.0.is_empty() => Ok((id, patch, version(&request.etag))),
        _ => Err(wrong.refused()),
    }
}

/// Which user goes, and in which version.
pub fn remover(request: &RemoverUsuarioRequest) -> Result<(UserId, Option<Version>), Refusal> {
    let mut wrong = Violations::default();
    let id = wrong.required("id", UserId::parse(&request.id), expected::USER_ID);
    let id = id.ok_or_else(|| wrong.refused())?;
    Ok((id, version(&request.etag)))
}

/// From where to watch, if not from now on.
pub fn observar(request: &ObservarUsuariosRequest) -> Result<Option<Position>, Refusal> {
    let mut wrong = Violations::default();
    let text = &request.token_retomada;
    let position = wrong.optional("token_retomada", text, token::changes, expected::TOKEN);
    if wrong.0.is_empty() {
        Ok(position)
    } else {
        Err(wrong.refused())
    }
}

const FIELDS: [&str; 2] = ["nome", "email"];

fn version(etag: &str) -> Option<Version> {
    (!etag.is_empty()).then(|| Version::of_etag(etag))
}

/// What has been found wrong so far.
#[derive(Default)]
struct Violations(Vec<Violation>);

impl Violations {
    fn add(&mut self, field: &str, description: &str) {
        self.0.push(Violation {
            field: field.to_owned(),
            description: description.to_owned(),
        });
    }

    fn required<T>(&mut self, field: &str, value: Option<T>, expected: &str) -> Option<T> {
        if value.is_none() {
            self.add(field, expected);
        }
        value
    }

    fn optional<T>(
        &mut self,
        field: &str,
        text: &str,
        parse: impl FnOnce(&str) -> Option<T>,
        expected: &str,
    ) -> Option<T> {
        if text.is_empty() {
            return None;
        }
        self.required(field, parse(text), expected)
    }

    fn refused(self) -> Refusal {
        Refusal::Invalid(self.0)
    }
}

#[cfg(test)]
mod tests {
    use malha_proto::usuarios::v1::Usuario;
    use prost_types::FieldMask;

    use super::*;
    use crate::domain::{RandomBits, Timestamp};

    fn fields<T: std::fmt::Debug>(outcome: Result<T, Refusal>) -> Vec<String> {
        match outcome {
            Err(Refusal::Invalid(wrong)) => wrong.into_iter().map(|each| each.field).collect(),
            other => panic!("{other:?}"),
        }
    }

    fn update(paths: &[&str]) -> AtualizarUsuarioRequest {
        let usuario = Usuario {
            id: UserId::new(Timestamp(1), RandomBits([1; 10])).to_string(),
            nome: " Ana ".to_owned(),
            email: "isto não é".to_owned(),
            ..Usuario::default()
        };
        AtualizarUsuarioRequest {
            usuario: Some(usuario),
            mascara: Some(FieldMask {
                paths: paths.iter().map(|path| (*path).to_owned()).collect(),
            }),
            etag: String::new(),
        }
    }

    #[test]
    fn every_wrong_field_is_told_at_once() {
        let request = CriarUsuarioRequest {
            id_pedido: "é".to_owned(),
            ..CriarUsuarioRequest::default()
        };
        assert_eq!(fields(criar(&request)), ["nome", "email", "id_pedido"]);
        let request = ListarUsuariosRequest {
            tamanho_pagina: 1001,
            token_pagina: "x".to_owned(),
        };
        assert_eq!(fields(listar(&request)), ["tamanho_pagina", "token_pagina"]);
        assert_eq!(
            fields(atualizar(&AtualizarUsuarioRequest::default())),
            ["usuario"]
        );
    }

    #[test]
    fn the_mask_says_which_fields_count() {
        let (_, patch, _) = atualizar(&update(&["nome"])).unwrap();
        assert_eq!((patch.name, patch.email), (Name::new("Ana"), None));
        assert_eq!(fields(atualizar(&update(&[]))), ["usuario.email"]);
        assert_eq!(fields(atualizar(&update(&["nome", "id"]))), ["mascara"]);
    }

    fn creation(id_pedido: &str) -> CriarUsuarioRequest {
        CriarUsuarioRequest {
            nome: "Ana".to_owned(),
            email: "ana@exemplo.com".to_owned(),
            id_pedido: id_pedido.to_owned(),
        }
    }

    fn page(tamanho_pagina: i32, token_pagina: &str) -> ListarUsuariosRequest {
        ListarUsuariosRequest {
            tamanho_pagina,
            token_pagina: token_pagina.to_owned(),
        }
    }

    fn watching(token_retomada: &str) -> ObservarUsuariosRequest {
        ObservarUsuariosRequest {
            token_retomada: token_retomada.to_owned(),
        }
    }

    #[test]
    fn a_creation_may_have_an_id_and_a_wrong_one_is_not_passed_over() {
        let (new, id) = criar(&creation("")).unwrap();
        assert_eq!((new.name.as_str(), id), ("Ana", None));
        let (_, id) = criar(&creation("r-1")).unwrap();
        assert_eq!(id, RequestId::new("r-1"));
        assert_eq!(fields(criar(&creation("é"))), ["id_pedido"]);
    }

    #[test]
    fn a_page_begins_where_its_token_says_and_a_wrong_token_is_told() {
        let id = UserId::new(Timestamp(1), RandomBits([1; 10]));
        let (size, after) = listar(&page(7, &token::of_page(id))).unwrap();
        assert_eq!((size.get(), after), (7, Some(id)));
        assert_eq!(listar(&page(0, "")).unwrap().1, None);
        assert_eq!(fields(listar(&page(7, "x"))), ["token_pagina"]);
        assert_eq!(fields(listar(&page(-1, ""))), ["tamanho_pagina"]);
    }

    #[test]
    fn watching_begins_where_its_token_says_or_now() {
        let position = Position { time: 5, number: 6 };
        let token = token::of_changes(position);
        assert_eq!(observar(&watching(&token)), Ok(Some(position)));
        assert_eq!(observar(&watching("")), Ok(None));
        assert_eq!(fields(observar(&watching("x"))), ["token_retomada"]);
    }

    #[test]
    fn an_etag_asks_for_a_version_and_none_for_any() {
        let id = UserId::new(Timestamp(1), RandomBits([1; 10]));
        let version = |etag: String| {
            let id = id.to_string();
            remover(&RemoverUsuarioRequest { id, etag }).unwrap().1
        };
        assert_eq!(version(String::new()), None);
        assert_eq!(version(Version(3).etag()), Some(Version(3)));
        assert_eq!(
            version("x".to_owned()),
            Some(Version(0)),
            "which no user has"
        );
    }
}
