//! The server: says of every number that comes what there is to say.

use runtime::Lifecycle;
use runtime_tcp::{Answer, Procedure, RequestRefusal};
use tokio::net::TcpListener;

use crate::domain::MAX_BYTES;
use crate::settings::ServerSettings;
use crate::wire::{self, Mode};

/// Serves until the lifecycle stops.
pub async fn serve(settings: ServerSettings, listener: TcpListener, lifecycle: Lifecycle) {
    runtime_tcp::serve(
        listener,
        Classify(settings.mode),
        settings.limits,
        &lifecycle,
    )
    .await;
}

/// Reads a number, answers a text. The widest prime takes a fraction of a millisecond (`bench`
/// has the figure), so that the work is done where the connection is.
#[derive(Clone, Copy, Debug)]
pub struct Classify(pub Mode);

impl Procedure for Classify {
    const PROTOCOL: &'static str = wire::PROTOCOL;
    const NAME: &'static str = wire::PROCEDURE;
    const MAX_REQUEST: usize = MAX_BYTES;

    fn is_a_key(&self, piece: &[u8]) -> bool {
        wire::is_a_key(piece)
    }

    fn answer(&self, request: &[u8]) -> Answer {
        match wire::number(request) {
            Ok(number) => Answer {
                text: wire::answer(number, self.0),
                outcome: "ok",
            },
            Err(why) => Answer {
                text: wire::not_a_number(why),
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
    use num_bigint::BigUint;
    use testing::SeededRng;

    use super::*;

    #[test]
    fn inputs_at_random_are_answered_or_refused() {
        let mut rng = SeededRng::seeded(4);
        for round in 0..10_000 {
            let sent = rng.bytes(70);
            let mode = if round % 16 == 0 {
                Mode::Full
            } else {
                Mode::Compatible
            };
            let Answer { text, outcome } = Classify(mode).answer(&sent);
            let fits = (1..=64).contains(&sent.len());
            assert_eq!(outcome == "ok", fits, "{sent:?}: {text}");
            if round % 16 == 0 && fits {
                let number = BigUint::from_bytes_be(&sent).to_string();
                assert!(text.starts_with(&format!("{number}: ")), "{sent:?}: {text}");
            }
        }
    }
}
