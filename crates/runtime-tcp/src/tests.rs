//! The server over real sockets: what slow, large, many, silent and late clients get.

mod calls;
mod clients;
mod hostile;
mod lasting;

use std::time::Duration;

use tokio::io::AsyncWriteExt;

use super::{Answer, Procedure, RequestRefusal, TcpLimits};
use runtime::settings;
use testing::{TestServer, eventually, read_to_end};

const SHORT: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_mins(1);

/// Answers a line of at most eight bytes in capitals.
struct Capitals;

impl Procedure for Capitals {
    const PROTOCOL: &'static str = "capitals";
    const NAME: &'static str = "capitals";
    const MAX_REQUEST: usize = 8;

    fn request_len(&self, received: &[u8]) -> Option<usize> {
        received
            .iter()
            .position(|byte| *byte == b'\n')
            .map(|end| end + 1)
    }

    fn answer(&self, request: &[u8]) -> Answer {
        let text = String::from_utf8_lossy(request).trim_end().to_uppercase();
        Answer {
            text,
            outcome: "ok",
        }
    }

    fn refuse(&self, refused: RequestRefusal) -> String {
        format!("refused: {}", refused.code())
    }
}

fn limits() -> TcpLimits {
    settings::defaults().unwrap()
}

/// Limits under which nothing ends a request but its mark and the end of input.
fn patient() -> TcpLimits {
    TcpLimits {
        pause: LONG,
        first_byte_timeout: LONG,
        idle_timeout: LONG,
        request_timeout: LONG,
        ..limits()
    }
}

async fn start(limits: TcpLimits) -> TestServer {
    TestServer::start(Capitals::PROTOCOL, |listener, lifecycle| async move {
        super::serve(listener, Capitals, limits, &lifecycle).await;
    })
    .await
}
