//! What both twins answer, as desafio1 does.

/// The body of `GET /`.
pub const TEXT: &str = "Olá! Aqui é o servidor, falando de dentro da rede.";

/// What stands beside the body.
pub const HEADERS: [(&str, &str); 2] = [
    ("content-type", "text/plain; charset=utf-8"),
    ("x-content-type-options", "nosniff"),
];

/// The address to listen on: the first argument.
pub fn address() -> String {
    std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".to_owned())
}
