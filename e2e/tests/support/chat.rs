//! What somebody in the chat hears.

use e2e::chat::{Socket, next};

/// The next text of this client that is no joining.
pub(crate) async fn heard(socket: &mut Socket, client: u32) -> String {
    loop {
        let text = next(socket).await.unwrap();
        if text.starts_with(&format!("Client #{client}: ")) {
            return text;
        }
    }
}

/// Waits until somebody in the chat hears that this client has joined.
pub(crate) async fn sees(socket: &mut Socket, client: u32) {
    let joined = format!("Client #{client} joined the chat");
    while next(socket).await.unwrap() != joined {}
}
