//! What stands on the wire: `proto/chat-v1.md`, in types.

pub mod relay;
pub mod v1;
pub mod websocket;

/// The subprotocol that the page asks for.
pub const V1: &str = "malha.chat.v1";

/// What a plain client reads when its message was not taken.
pub fn plain_refusal(reason: &str) -> String {
    format!("Erro: mensagem recusada: {reason}")
}
