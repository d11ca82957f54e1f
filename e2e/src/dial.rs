//! Dials: whether an address takes a TCP connection, and what else comes of it.
//!
//! A NetworkPolicy leaves it to whoever enforces it whether packets are dropped or refused, so what
//! counts is that there is no connection; how it failed is told all the same.

use std::fmt;
use std::io;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

/// What came of one dial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A connection.
    Connected,
    /// Somebody said no.
    Refused,
    /// Nobody said anything.
    Silent,
    /// Something else, such as a name that nobody knows.
    Failed(String),
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connected => f.write_str("connected"),
            Self::Refused => f.write_str("refused"),
            Self::Silent => f.write_str("no answer"),
            Self::Failed(why) => f.write_str(why),
        }
    }
}

/// What is expected of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A connection.
    Open,
    /// No connection, in whichever way.
    Closed,
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Closed => "closed",
        })
    }
}

impl Expected {
    /// Whether an answer is what was expected. A name that nobody knows shows nothing of a port.
    pub fn fits(self, answer: &Answer) -> bool {
        match self {
            Self::Open => *answer == Answer::Connected,
            Self::Closed => matches!(answer, Answer::Refused | Answer::Silent),
        }
    }
}

/// How long one dial waits: within a cluster an answer takes milliseconds.
const DIAL: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(200);

/// Dials once.
pub async fn dial(address: &str) -> Answer {
    match timeout(DIAL, TcpStream::connect(address)).await {
        Err(_) => Answer::Silent,
        Ok(Ok(_)) => Answer::Connected,
        Ok(Err(error)) => match error.kind() {
            // A rejected packet comes back in several ways.
            io::ErrorKind::ConnectionRefused
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable => Answer::Refused,
            io::ErrorKind::TimedOut => Answer::Silent,
            _ => Answer::Failed(error.to_string()),
        },
    }
}

/// Dials until the answer is what is expected, since policies reach a new pod a moment after its
/// start; then or when the time is over gives the last answer.
pub async fn until(address: &str, expected: Expected, patience: Duration) -> Answer {
    let deadline = Instant::now() + patience;
    loop {
        let answer = dial(address).await;
        if expected.fits(&answer) || Instant::now() >= deadline {
            return answer;
        }
        sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_listener_is_open_and_what_it_leaves_behind_is_closed() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let answer = until(&address, Expected::Open, DIAL).await;
        assert_eq!(answer, Answer::Connected);
        assert!(!Expected::Closed.fits(&answer));
        drop(listener);
        let answer = until(&address, Expected::Closed, DIAL).await;
        assert_eq!(answer, Answer::Refused);
        assert!(!Expected::Open.fits(&answer));
    }

    #[tokio::test]
    async fn a_name_that_nobody_knows_is_neither() {
        let answer = dial("nobody.invalid:1").await;
        assert!(!Expected::Open.fits(&answer) && !Expected::Closed.fits(&answer));
    }
}
