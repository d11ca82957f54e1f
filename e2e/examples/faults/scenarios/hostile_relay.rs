//! Hostile peers of the chat: what was signed is sent again, altered, later, or never was signed.

use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chat::domain::Token;
use chat::wire::relay::{Keys, RelayHeaders};
use reqwest::header::HeaderMap;
use runtime::settings::FromSetting;

use super::Scenario;
use crate::hostile::{Attack, Hostile, Refused, impatient, must, under_attack};
use crate::row::Row;
use crate::world::{RELAY_SECRET, World};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "hostile_relay",
    fault: "hostile peers of the chat, each kind beside ordinary clients at both services and under a pod's memory limit",
    promise: "Nothing that they relay is believed, each is counted by the reason, and no message of the ordinary clients is refused, lost or doubled.",
    alone: false,
    run: |world| Box::pin(run(world)),
};

pub(super) const ATTACKS: &[Attack] = &[
    Attack {
        scenario: SCENARIO.name,
        name: "what was signed, again",
        clients: (5, 50),
        refused: Refused::By(&["replayed"]),
        client: |it| Box::pin(replay(it)),
    },
    Attack {
        scenario: SCENARIO.name,
        name: "what was signed, altered",
        clients: (5, 50),
        refused: Refused::By(&["wrong"]),
        client: |it| Box::pin(altered(it)),
    },
    Attack {
        scenario: SCENARIO.name,
        name: "what was signed an hour ago",
        clients: (5, 50),
        refused: Refused::By(&["old"]),
        client: |it| Box::pin(old(it)),
    },
    Attack {
        scenario: SCENARIO.name,
        name: "what nobody signed",
        clients: (5, 50),
        refused: Refused::By(&["unsigned"]),
        client: |it| Box::pin(unsigned(it)),
    },
];

async fn run(world: &World) -> anyhow::Result<Vec<Row>> {
    let how = impatient(world, &[]);
    under_attack(world, ATTACKS, async || world.chat(&how).await).await
}

const BODY: &str = r#"{"message":"notice of a hostile peer"}"#;
const HOUR: Duration = Duration::from_hours(1);

/// A request whose signature is right, `ago`.
fn signed(ago: Duration, body: &str) -> io::Result<Vec<u8>> {
    let keys = Keys::from_setting(RELAY_SECRET).ok_or(io::ErrorKind::InvalidInput)?;
    let token = |text: &str| Token::parse(text).map_err(io::Error::other);
    let relayed = RelayHeaders {
        id: token(&format!("{:032x}", rand::random::<u128>()))?,
        origin: token("serviceC")?,
        epoch: token("hostile")?,
        sequence: 1 + u64::from(rand::random::<u32>()),
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let then = now.map_err(io::Error::other)?.saturating_sub(ago);
    let mut headers = HeaderMap::new();
    relayed.write(&mut headers);
    let id = relayed.webhook_id();
    keys.sign(&mut headers, &id, then.as_secs(), BODY.as_bytes());
    Ok(request(&headers, body))
}

fn request(headers: &HeaderMap, body: &str) -> Vec<u8> {
    let mut head = format!(
        "POST /relay HTTP/1.1\r\nhost: malha\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        head = format!("{head}{name}: {value}\r\n");
    }
    (head + "\r\n" + body).into_bytes()
}

async fn not_believed(it: Hostile, request: &[u8]) -> io::Result<()> {
    let answer = it.say(request).await?;
    let believed = answer.starts_with(b"HTTP/1.1 2");
    must(!believed, "a hostile peer was believed")
}

/// It has heard one request that was right, and sends it until somebody takes it once more.
async fn replay(it: Hostile) -> io::Result<()> {
    let request = signed(Duration::ZERO, BODY)?;
    it.say(&request).await?;
    for _ in 0..20 {
        not_believed(it, &request).await?;
    }
    Ok(())
}

async fn altered(it: Hostile) -> io::Result<()> {
    let request = signed(Duration::ZERO, r#"{"message":"Client #1: another text"}"#)?;
    not_believed(it, &request).await
}

async fn old(it: Hostile) -> io::Result<()> {
    not_believed(it, &signed(HOUR, BODY)?).await
}

async fn unsigned(it: Hostile) -> io::Result<()> {
    not_believed(it, &request(&HeaderMap::new(), BODY)).await
}
