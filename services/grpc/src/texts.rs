//! Every text that users read, in Portuguese: why something is refused, and what would be right.
//!
//! They stand here and nowhere else in this crate. What imitates FastAPI (`gateway/validation.rs`)
//! is in English, as are the OpenAPI document, the help and the logs.

/// What a value must be, as the answer to one that is something else.
pub(crate) mod expected {
    /// A [`Name`](crate::domain::Name).
    pub(crate) const NAME: &str = "deve ter de 1 a 100 caracteres, sem caracteres de controle";
    /// An [`Email`](crate::domain::Email).
    pub(crate) const EMAIL: &str = "deve ser um endereço de e-mail como ana@exemplo.com.br, com no máximo 254 bytes e nada de \
         invisível";
    /// A [`RequestId`](crate::domain::RequestId).
    pub(crate) const REQUEST_ID: &str = "deve ter de 1 a 64 caracteres ASCII visíveis";
    /// A [`PageSize`](crate::domain::PageSize).
    pub(crate) const PAGE_SIZE: &str = "deve estar entre 1 e 1000, ou ser 0 para o padrão, 50";
    /// A [`UserId`](crate::domain::UserId).
    pub(crate) const USER_ID: &str = "deve ser um UUID versão 7, com hífens";
    /// A token of a page, or of a place among the changes.
    pub(crate) const TOKEN: &str = "não é um token dado por este serviço";
    /// The user of a change.
    pub(crate) const USER: &str = "é obrigatório";
    /// The mask of a change.
    pub(crate) const MASK: &str = "só pode ter nome e email";
    /// `If-Match` and `If-None-Match`.
    pub(crate) const ENTITY_TAGS: &str = "deve ser * ou ETags entre aspas";
    /// `Last-Event-ID`.
    pub(crate) const EVENT_ID: &str = "deve ser o id de um evento";
}

/// What the server says to its callers: the message of a status.
pub(crate) mod server {
    use std::fmt::Display;

    pub(crate) const VERSION_DIFFERS: &str = "o usuário mudou desde que o etag foi lido";
    pub(crate) const REQUEST_DIFFERS: &str = "o id_pedido foi usado para criar outro usuário";
    pub(crate) const CHANGES_LOST: &str =
        "as mudanças desde o token já não são guardadas; recomece sem ele";
    pub(crate) const FULL: &str = "não cabem mais usuários";
    pub(crate) const TOO_MANY_WATCHERS: &str = "há observadores demais; tente mais tarde";
    pub(crate) const BUSY: &str = "há pedidos demais; tente de novo";
    pub(crate) const UNAVAILABLE: &str = "o armazenamento de usuários não responde; tente de novo";
    pub(crate) const STORE_REFUSES: &str =
        "o armazenamento de usuários não aceita isto agora; tente de novo";
    pub(crate) const DEADLINE_EXCEEDED: &str = "o prazo do pedido passou";
    pub(crate) const CORRUPT: &str =
        "o armazenamento de usuários tem dados que este serviço não entende";

    pub(crate) fn invalid(violations: &[impl Display]) -> String {
        let violations: Vec<String> = violations.iter().map(ToString::to_string).collect();
        format!("pedido inválido: {}", violations.join("; "))
    }

    pub(crate) fn not_found(id: impl Display) -> String {
        format!("nenhum usuário com o id {id}")
    }

    pub(crate) fn email_taken(email: &str) -> String {
        format!("o e-mail {email} já está em uso")
    }

    pub(crate) fn redis_setup(error: impl Display) -> String {
        format!("o cliente de Redis não pode ser configurado: {error}")
    }
}

/// What the gateway says to its clients: the detail of a problem.
pub(crate) mod gateway {
    pub(crate) const INVALID: &str = "o pedido tem campos inválidos";
    pub(crate) const UNREADABLE: &str = "o corpo do pedido não pôde ser lido";
    pub(crate) const NO_USER: &str = "não há usuário com esse id";
    pub(crate) const NO_PATH: &str = "não há nada neste caminho; /docs mostra o que há";
    pub(crate) const METHOD: &str = "este caminho não aceita esse método";
    pub(crate) const NOT_ACCEPTABLE: &str = "este arquivo só existe em gzip";
    pub(crate) const SLOW: &str = "o corpo do pedido não chegou a tempo";
    pub(crate) const EMAIL_TAKEN: &str = "outro usuário já tem esse e-mail";
    pub(crate) const KEY_REUSED: &str =
        "a Idempotency-Key já foi usada para criar outro usuário, ou um que já não existe";
    pub(crate) const CHANGES_LOST: &str =
        "as mudanças desde esse evento já não são guardadas: leia os usuários e recomece";
    pub(crate) const CHANGED: &str = "o usuário mudou desde que esse ETag foi lido";
    pub(crate) const UNWANTED: &str = "If-None-Match exclui o estado atual do recurso";
    pub(crate) const NOT_JSON: &str = "o corpo do pedido deve ser application/json";
    pub(crate) const ENCODED: &str =
        "o corpo do pedido não pode vir comprimido: mande-o sem Content-Encoding";
    pub(crate) const TOO_MUCH: &str =
        "pedidos demais, ou não cabem mais usuários: tente de novo mais tarde";
    pub(crate) const BROKEN: &str = "o gateway falhou; o registro dele diz por quê";
    pub(crate) const UPSTREAM: &str = "o servidor de usuários falhou";
    pub(crate) const BUSY: &str = "há trabalho demais em curso: tente de novo mais tarde";
    pub(crate) const UNAVAILABLE: &str =
        "o servidor de usuários não está disponível: tente de novo mais tarde";
    pub(crate) const LATE: &str = "o servidor de usuários não respondeu a tempo";

    pub(crate) fn weak_tag(tag: &str) -> String {
        format!(
            "o ETag W/\"{tag}\" do If-Match é fraco, e um ETag fraco nunca basta para If-Match: algo \
             no caminho (a compressão de um proxy, por exemplo) o enfraqueceu; envie \"{tag}\", sem W/"
        )
    }

    pub(crate) fn too_large(limit: usize) -> String {
        format!("o corpo do pedido passa de {limit} bytes")
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    #[test]
    fn no_other_file_has_a_text_in_portuguese() {
        let mut found = Vec::new();
        let sources = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
        look(Path::new(sources), &mut found);
        assert_eq!(found, Vec::<String>::new());
    }

    /// Notes what stands elsewhere. Comments are passed over, and tests, which come last in a file.
    fn look(directory: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            // The document's title is no answer to anybody.
            let passed_over = path.ends_with("texts.rs") || path.ends_with("openapi.rs");
            if path.is_dir() {
                look(&path, found);
            } else if path.extension().is_some_and(|end| end == "rs") && !passed_over {
                let text = fs::read_to_string(&path).unwrap();
                let code = text.lines().take_while(|line| *line != "#[cfg(test)]");
                let wrong = code.map(str::trim_start).filter(|line| is_text(line));
                found.extend(wrong.map(|line| format!("{}: {line}", path.display())));
            }
        }
    }

    /// A letter that only Portuguese has here, or an error with a message of its own.
    fn is_text(line: &str) -> bool {
        let accented = !line.starts_with("//") && line.contains(|c| "áâãàéêíóôõúç".contains(c));
        let message = line.strip_prefix("#[error(");
        let own = message.is_some_and(|message| {
            message != "transparent)]" && !message.starts_with("\"{}\", texts::")
        });
        accented || own
    }
}
