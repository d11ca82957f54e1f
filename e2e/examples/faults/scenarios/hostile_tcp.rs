//! Hostile clients of the exercises over plain TCP: silence, drops, names and numbers without end.

use std::io;

use super::Scenario;
use crate::hostile::{Attack, Hostile, Refused, contains, impatient, must, under_attack};
use crate::row::Row;
use crate::world::World;

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "hostile_tcp",
    fault: "hostile clients of hello and sockets, each kind beside an ordinary client and under a pod's memory limit",
    promise: "No call of the ordinary client fails, refusals are counted by reason, memory is back within a minute, and no line of an answer or of the log is of their making.",
    alone: false,
    run: |world| Box::pin(run(world)),
};

pub(super) const OF_HELLO: &[Attack] = &[
    Attack {
        scenario: SCENARIO.name,
        name: "nothing said",
        clients: (2000, 50_000),
        refused: Refused::Late(&["first_byte_timeout"]),
        client: |it| Box::pin(it.say_nothing()),
    },
    Attack {
        scenario: SCENARIO.name,
        name: "slow names",
        clients: (100, 1000),
        refused: Refused::Late(&["request_timeout"]),
        client: |it| Box::pin(slow_name(it)),
    },
    Attack {
        scenario: SCENARIO.name,
        name: "oversized names",
        clients: (10, 100),
        refused: Refused::By(&["too_long"]),
        client: |it| Box::pin(oversized_name(it)),
    },
    Attack {
        scenario: SCENARIO.name,
        name: "forged names",
        clients: (10, 100),
        refused: Refused::By(&["control"]),
        client: |it| Box::pin(forged_name(it)),
    },
    Attack {
        scenario: SCENARIO.name,
        name: "forged PROXY heads",
        clients: (10, 100),
        refused: Refused::By(&["proxy_header"]),
        client: |it| Box::pin(forged_proxy(it)),
    },
];

pub(super) const OF_SOCKETS: &[Attack] = &[
    Attack {
        scenario: SCENARIO.name,
        name: "nothing said",
        clients: (2000, 50_000),
        refused: Refused::Late(&["first_byte_timeout"]),
        client: |it| Box::pin(it.say_nothing()),
    },
    Attack {
        scenario: SCENARIO.name,
        name: "oversized numbers",
        clients: (10, 100),
        refused: Refused::By(&["too_long"]),
        client: |it| Box::pin(oversized_number(it)),
    },
];

async fn run(world: &World) -> anyhow::Result<Vec<Row>> {
    let how = impatient(
        world,
        &[("REQUEST_TIMEOUT", "1500ms"), ("TYPING_PAUSE", "1s")],
    );
    let of_hello = under_attack(world, OF_HELLO, async || {
        world.plain("hello-server", &how).await
    });
    let of_sockets = under_attack(world, OF_SOCKETS, async || {
        world.plain("sockets-server", &how).await
    });
    let (mut rows, more) = if world.full {
        (of_hello.await?, of_sockets.await?)
    } else {
        tokio::try_join!(of_hello, of_sockets)?
    };
    rows.extend(more);
    Ok(rows)
}

async fn slow_name(it: Hostile) -> io::Result<()> {
    let mut stream = it.connect().await?;
    it.drip(&mut stream, &[b'a'; 200]).await
}

async fn oversized_name(it: Hostile) -> io::Result<()> {
    let answer = it.say(&vec![b'a'; 1 << 20]).await?;
    must(!answer.starts_with(b"Ol"), "an oversized name was greeted")
}

/// What would be a line of the log, or of a terminal, if it were copied there.
async fn forged_name(it: Hostile) -> io::Result<()> {
    for name in ["a\r{\"forged\":1}\n", "a\x1b[2J\n", "a\0b\n"] {
        let answer = it.say(name.as_bytes()).await?;
        let copied = contains(&answer, b"forged") || answer.contains(&0x1b);
        must(!copied, "a name with control characters was repeated")?;
    }
    Ok(())
}

async fn forged_proxy(it: Hostile) -> io::Result<()> {
    let signature = b"\r\n\r\n\0\r\nQUIT\n";
    let forged = [&signature[..], &[0x21, 0x11, 0xff, 0xff], &[0xff; 4000]].concat();
    it.say(&forged).await.map(drop)
}

async fn oversized_number(it: Hostile) -> io::Result<()> {
    let answer = it.say(&vec![0xff; 1 << 16]).await?;
    must(!answer.starts_with(b"PAR"), "an oversized number was taken")
}
