//! The protocols of the chat in types. `proto/chat-v1.md` describes them.

pub mod relay;
pub mod v1;
pub mod websocket;

/// The WebSocket subprotocol that the page asks for.
pub const V1: &str = "malha.chat.v1";

/// The text that tells a plain client why its message was refused.
pub fn plain_refusal(reason: &str) -> String {
    format!("Erro: mensagem recusada: {reason}")
}
