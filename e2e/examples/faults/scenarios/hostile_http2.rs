//! Hostile clients of HTTP/2: floods of frames, games with windows, heads and messages without end.

use std::io;

use tokio::io::AsyncWriteExt;

use super::Scenario;
use crate::hostile::http2::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PING, RST_STREAM, SETTINGS,
    WINDOW_UPDATE, call, flood, frame, hello, stream,
};
use crate::hostile::{Attack, Hostile, Refused, impatient, under_attack};
use crate::row::Row;
use crate::world::World;

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "hostile_http2",
    fault: "hostile clients of HTTP/2, each kind beside an ordinary client of gRPC and under a pod's memory limit",
    promise: "No call of the ordinary client fails, refusals are counted by reason, and memory is back within a minute. A flood that breaks no rule is served as fast as it reads.",
    alone: false,
    run: |world| Box::pin(run(world)),
};

pub(super) const ATTACKS: &[Attack] = &[
    Attack {
        scenario: SCENARIO.name,
        name: "nothing said",
        clients: (1000, 50_000),
        refused: Refused::Late(&["handshake_timeout"]),
        client: |it| Box::pin(it.say_nothing()),
    },
    Attack {
        scenario: SCENARIO.name,
        name: "rapid reset",
        clients: (5, 50),
        refused: Refused::By(&["enhance_your_calm"]),
        client: |it| Box::pin(rapid_reset(it)),
    },
    Attack {
        scenario: SCENARIO.name,
        name: "CONTINUATION without end",
        clients: (5, 50),
        refused: Refused::By(&["enhance_your_calm", "protocol_error", "compression_error"]),
        client: |it| Box::pin(continuation(it)),
    },
    Attack {
        scenario: SCENARIO.name,
        name: "SETTINGS flood",
        clients: (2, 20),
        refused: Refused::Never,
        client: |it| Box::pin(settings(it)),
    },
    Attack {
        scenario: SCENARIO.name,
        name: "PING flood",
        clients: (2, 20),
        refused: Refused::Never,
        client: |it| Box::pin(pings(it)),
    },
    Attack {
        scenario: SCENARIO.name,
        name: "many small frames",
        clients: (5, 50),
        refused: Refused::Never,
        client: |it| Box::pin(small_frames(it)),
    },
    Attack {
        scenario: SCENARIO.name,
        name: "windows that overflow",
        clients: (5, 50),
        refused: Refused::By(&["flow_control_error"]),
        client: |it| Box::pin(overflow(it)),
    },
    Attack {
        scenario: SCENARIO.name,
        name: "calls that break a rule",
        clients: (5, 50),
        refused: Refused::Never,
        client: |it| Box::pin(broken(it)),
    },
    Attack {
        scenario: SCENARIO.name,
        name: "windows that stay shut",
        clients: (5, 50),
        refused: Refused::Late(&["write_timeout"]),
        client: |it| Box::pin(untaken(it, 0)),
    },
    Attack {
        scenario: SCENARIO.name,
        name: "windows open by a byte",
        clients: (5, 50),
        refused: Refused::Late(&["write_timeout"]),
        client: |it| Box::pin(untaken(it, 1)),
    },
    Attack {
        scenario: SCENARIO.name,
        name: "bursts of calls, never read from",
        clients: (30, 300),
        refused: Refused::Never,
        client: |it| Box::pin(bursts(it)),
    },
    Attack {
        scenario: SCENARIO.name,
        name: "oversized frames",
        clients: (5, 50),
        refused: Refused::By(&["frame_size_error"]),
        client: |it| Box::pin(oversized(it)),
    },
    Attack {
        scenario: SCENARIO.name,
        name: "messages without end",
        clients: (20, 40),
        refused: Refused::Never,
        client: |it| Box::pin(unfinished(it)),
    },
    Attack {
        scenario: SCENARIO.name,
        name: "another protocol",
        clients: (10, 100),
        refused: Refused::By(&["not_http2"]),
        client: |it| Box::pin(other(it)),
    },
];

const LIST: &str = "/usuarios.v1.UsuarioService/ListarUsuarios";
const CREATE: &str = "/usuarios.v1.UsuarioService/CriarUsuario";

/// Calls of one burst: a connection may have a few more.
const BURST: u32 = 250;

/// Frames of one flood, more than any honest client sends at once.
const MANY: u32 = 5000;

async fn run(world: &World) -> anyhow::Result<Vec<Row>> {
    let how = impatient(world, &[]);
    under_attack(world, ATTACKS, async || world.users_in(&how, &[]).await).await
}

async fn rapid_reset(it: Hostile) -> io::Result<()> {
    let head = call(LIST);
    let cancel = 8_u32.to_be_bytes();
    flood(it, MANY, |number| {
        let mut frames = frame(HEADERS, END_HEADERS | END_STREAM, stream(number), &head);
        frames.extend(frame(RST_STREAM, 0, stream(number), &cancel));
        frames
    })
    .await
}

async fn continuation(it: Hostile) -> io::Result<()> {
    let head = call(LIST);
    flood(it, MANY, |number| match number {
        0 => frame(HEADERS, END_STREAM, stream(0), &head),
        _ => frame(CONTINUATION, 0, stream(0), b"\x00\x01a\x01b"),
    })
    .await
}

async fn settings(it: Hostile) -> io::Result<()> {
    flood(it, MANY, |_| frame(SETTINGS, 0, 0, &[0, 4, 0, 1, 0, 0])).await
}

async fn pings(it: Hostile) -> io::Result<()> {
    flood(it, MANY, |number| {
        let payload = u64::from(number).to_be_bytes();
        frame(PING, 0, 0, &payload)
    })
    .await
}

/// A message in pieces of one byte and of none.
async fn small_frames(it: Hostile) -> io::Result<()> {
    let head = call(CREATE);
    flood(it, MANY, |number| match number {
        0 => frame(HEADERS, END_HEADERS, stream(0), &head),
        1 => frame(DATA, 0, stream(0), &[0, 0, 0, 0x80, 0]),
        _ if number % 2 == 0 => frame(DATA, 0, stream(0), b"a"),
        _ => frame(DATA, 0, stream(0), b""),
    })
    .await
}

async fn overflow(it: Hostile) -> io::Result<()> {
    let most = 0x7fff_ffff_u32.to_be_bytes();
    flood(it, 2, |_| frame(WINDOW_UPDATE, 0, 0, &most)).await
}

/// Has each call ended by the server, for its window is too large: no other limit counts such calls.
async fn broken(it: Hostile) -> io::Result<()> {
    let head = call(LIST);
    let most = 0x7fff_ffff_u32.to_be_bytes();
    flood(it, MANY, |number| {
        let mut frames = frame(HEADERS, END_HEADERS, stream(number), &head);
        frames.extend(frame(WINDOW_UPDATE, 0, stream(number), &most));
        frames
    })
    .await
}

/// Asks for much, and takes no more of each answer than its window lets through.
async fn untaken(it: Hostile, window: u8) -> io::Result<()> {
    let mut connection = it.connect().await?;
    let mut frames = hello(&[0, 4, 0, 0, 0, window]);
    let head = call(LIST);
    for number in 0..200 {
        frames.extend(frame(HEADERS, END_HEADERS, stream(number), &head));
        frames.extend(frame(DATA, END_STREAM, stream(number), &[0; 5]));
    }
    connection.write_all(&frames).await?;
    it.until_closed(&mut connection).await
}

/// Says as many calls as may be open at once, again and again, and reads no answer.
async fn bursts(it: Hostile) -> io::Result<()> {
    let mut connection = it.connect().await?;
    connection.write_all(&hello(&[])).await?;
    let head = call(LIST);
    for burst in 0.. {
        let mut frames = Vec::new();
        for number in burst * BURST..(burst + 1) * BURST {
            frames.extend(frame(HEADERS, END_HEADERS, stream(number), &head));
            frames.extend(frame(DATA, END_STREAM, stream(number), &[0; 5]));
        }
        it.in_time(connection.write_all(&frames)).await?;
    }
    Ok(())
}

async fn oversized(it: Hostile) -> io::Result<()> {
    let head = call(CREATE);
    flood(it, 2, |number| match number {
        0 => frame(HEADERS, END_HEADERS, stream(0), &head),
        _ => frame(DATA, 0, stream(0), &vec![0; 100_000]),
    })
    .await
}

/// Many calls of one connection, each with most of a message.
async fn unfinished(it: Hostile) -> io::Result<()> {
    let head = call(CREATE);
    flood(it, 40, |number| {
        let mut frames = frame(HEADERS, END_HEADERS, stream(number), &head);
        let begun = [&[0, 0, 1, 0, 0][..], &[0; 1500]].concat();
        frames.extend(frame(DATA, 0, stream(number), &begun));
        frames
    })
    .await
}

async fn other(it: Hostile) -> io::Result<()> {
    let head = b"GET / HTTP/1.1\r\nhost: malha\r\n\r\n";
    it.say(head).await.map(drop)
}
