//! The server: calls the procedure for whoever connects.

use runtime::Lifecycle;
use runtime_tcp::{Answer, Procedure, RequestRefusal};
use tokio::net::TcpListener;

use crate::domain::hello;
use crate::settings::ServerSettings;
use crate::wire;

/// Serves until the lifecycle stops.
pub async fn serve(settings: ServerSettings, listener: TcpListener, lifecycle: Lifecycle) {
    runtime_tcp::serve(listener, Hello, settings.limits, &lifecycle).await;
}

/// The procedure `hello(nome)`, as it is called over a connection.
#[derive(Clone, Copy, Debug)]
pub struct Hello;

impl Procedure for Hello {
    const PROTOCOL: &'static str = wire::PROTOCOL;
    const NAME: &'static str = wire::PROCEDURE;
    const MAX_REQUEST: usize = wire::MAX_REQUEST;

    fn request_len(&self, received: &[u8]) -> Option<usize> {
        wire::request_len(received)
    }

    fn may_end_at_pause(&self, received: &[u8]) -> bool {
        wire::may_end_at_pause(received)
    }

    fn is_a_key(&self, piece: &[u8]) -> bool {
        wire::is_a_key(piece)
    }

    fn answer(&self, request: &[u8]) -> Answer {
        match wire::name(request) {
            Ok(name) => Answer {
                text: hello(&name),
                outcome: "ok",
            },
            Err(why) => Answer {
                text: wire::not_a_name(why),
                outcome: why.code(),
            },
        }
    }

    fn refuse(&self, refused: RequestRefusal) -> String {
        wire::refusal(refused)
    }
}

#[cfg(test)]
mod tests {
    use testing::SeededRng;

    use super::*;

    #[test]
    fn inputs_at_random_are_greeted_or_refused() {
        let mut rng = SeededRng::seeded(4);
        let name = "João 李小龙 👩‍👩‍👧‍👦\r\n".as_bytes();
        for round in 0..10_000 {
            let sent = if round % 8 == 0 {
                rng.bytes(280)
            } else {
                rng.mutated(name)
            };
            let Answer { text, outcome } = Hello.answer(&sent);
            let start = if outcome == "ok" {
                "Olá, "
            } else {
                wire::ERROR
            };
            assert!(text.starts_with(start), "{sent:?}: {text}");
        }
    }
}
