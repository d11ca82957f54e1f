//! Hostile clients of the chat: frames without end, pings without end, compression, and silence.

use std::io::{self, ErrorKind};

use tokio::io::AsyncWriteExt;

use super::Scenario;
use crate::hostile::websocket::{
    CONTINUATION, FINAL, LONG, MASKED, PING, TEXT, flood, frame, join,
};
use crate::hostile::{Attack, Hostile, Refused, impatient, must, under_attack};
use crate::row::Row;
use crate::world::World;

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "hostile_websocket",
    fault: "hostile clients of the chat, each kind beside ordinary ones at both services and under a pod's memory limit",
    promise: "No message of the ordinary clients is refused, lost or doubled, refusals are counted by reason, and memory is back within a minute. Pings and rules kept are answered as fast as they are read.",
    alone: false,
    run: |world| Box::pin(run(world)),
};

pub(super) const ATTACKS: &[Attack] = &[
    Attack {
        scenario: SCENARIO.name,
        name: "fragments without end",
        clients: (5, 50),
        refused: Refused::By(&["message_too_big"]),
        client: |it| Box::pin(fragments(it)),
    },
    Attack {
        scenario: SCENARIO.name,
        name: "pings without end",
        clients: (2, 20),
        refused: Refused::Never,
        client: |it| Box::pin(pings(it)),
    },
    Attack {
        scenario: SCENARIO.name,
        name: "compression offered, and used",
        clients: (5, 50),
        refused: Refused::By(&["protocol_error"]),
        client: |it| Box::pin(compressed(it)),
    },
    Attack {
        scenario: SCENARIO.name,
        name: "oversized frames",
        clients: (5, 50),
        refused: Refused::By(&["message_too_big"]),
        client: |it| Box::pin(oversized(it)),
    },
    Attack {
        scenario: SCENARIO.name,
        name: "messages without end",
        clients: (50, 500),
        refused: Refused::Never,
        client: |it| Box::pin(unfinished(it)),
    },
    Attack {
        scenario: SCENARIO.name,
        name: "slow readers",
        clients: (10, 100),
        refused: Refused::Never,
        client: |it| Box::pin(slow_reader(it)),
    },
    Attack {
        scenario: SCENARIO.name,
        name: "nothing said",
        clients: (1000, 50_000),
        refused: Refused::Late(&["first_byte_timeout"]),
        client: |it| Box::pin(it.say_nothing()),
    },
];

async fn run(world: &World) -> anyhow::Result<Vec<Row>> {
    let how = impatient(world, &[]);
    under_attack(world, ATTACKS, async || world.chat(&how).await).await
}

async fn fragments(it: Hostile) -> io::Result<()> {
    let (begin, again) = (frame(TEXT, b"a"), frame(CONTINUATION, &[b'a'; 100]));
    flood(it, &begin, &again).await
}

async fn pings(it: Hostile) -> io::Result<()> {
    let ping = frame(FINAL | PING, &[b'p'; 125]);
    flood(it, &ping, &ping).await
}

/// Nobody agrees to compress, and a frame that is compressed nevertheless is the last one.
async fn compressed(it: Hostile) -> io::Result<()> {
    let offer = "sec-websocket-extensions: permessage-deflate; client_max_window_bits\r\n";
    let (mut stream, answer) = join(it, offer).await?;
    let agreed = answer.contains("sec-websocket-extensions");
    must(!agreed, "a compression was agreed to")?;
    let reserved = 0x40;
    let frame = frame(FINAL | reserved | TEXT, &[0; 10]);
    stream.write_all(&frame).await?;
    it.until_closed(&mut stream).await
}

/// A head that tells of more than there can be.
async fn oversized(it: Hostile) -> io::Result<()> {
    let mut head = vec![FINAL | TEXT, MASKED | LONG];
    head.extend((u64::MAX >> 1).to_be_bytes());
    head.extend([0; 4]);
    let (mut stream, _) = join(it, "").await?;
    stream.write_all(&head).await?;
    it.until_closed(&mut stream).await
}

/// Most of a message, and no more of it.
async fn unfinished(it: Hostile) -> io::Result<()> {
    let (mut stream, _) = join(it, "").await?;
    let mut message = frame(FINAL | TEXT, &[b'a'; 16_000]);
    message.truncate(15_000);
    stream.write_all(&message).await?;
    it.until_closed(&mut stream).await
}

/// Has everything answered, and reads nothing.
async fn slow_reader(it: Hostile) -> io::Result<()> {
    let (mut stream, _) = join(it, "").await?;
    let ping = frame(FINAL | PING, &[b'p'; 125]);
    match it.never_read(&mut stream, &ping).await {
        Err(error) if error.kind() == ErrorKind::TimedOut => Ok(()),
        ended => ended,
    }
}
