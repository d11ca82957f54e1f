//! Why something is not done.

use super::user::UserId;

/// Why something is not done although everything works.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// What was sent is wrong, field by field.
    #[error("pedido inválido: {}", .0.iter().map(|violation| format!("{}: {}", violation.field, violation.description)).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<Violation>),
    /// No user has this id, or it has expired.
    #[error("nenhum usuário com o id {0}")]
    NotFound(UserId),
    /// Another user has this e-mail.
    #[error("o e-mail {0} já está em uso")]
    EmailTaken(String),
    /// The user has changed since its version was read.
    #[error("o usuário mudou desde que o etag foi lido")]
    VersionDiffers,
    /// The request's id was used for another creation.
    #[error("o id_pedido foi usado para criar outro usuário")]
    RequestDiffers,
    /// Changes after this position are not kept any more.
    #[error("as mudanças desde o token já não são guardadas; recomece sem ele")]
    ChangesLost,
    /// There are as many users as the store may hold.
    #[error("não cabem mais usuários")]
    Full,
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The field, as the interface names it: `email`, `usuario.nome`.
    pub field: String,
    /// What would be right.
    pub description: String,
}

impl Refusal {
    /// A bounded name, for logs and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid",
            Self::NotFound(_) => "not_found",
            Self::EmailTaken(_) => "email_taken",
            Self::VersionDiffers => "version_differs",
            Self::RequestDiffers => "request_differs",
            Self::ChangesLost => "changes_lost",
            Self::Full => "full",
        }
    }
}
