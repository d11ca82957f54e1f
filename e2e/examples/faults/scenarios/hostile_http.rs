//! Hostile clients of HTTP/1.1: heads and bodies that are slow, unfinished, too large or forged.

use std::io;

use super::Scenario;
use crate::hostile::{Attack, Hostile, Refused, contains, impatient, must, under_attack};
use crate::row::Row;
use crate::world::World;

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "hostile_http",
    fault: "hostile clients of HTTP/1.1, each kind beside an ordinary client and under a pod's memory limit",
    promise: "No call of the ordinary client fails, refusals are counted by reason, memory is back within a minute, and no answer and no line of the log is of their making.",
    alone: false,
    run: |world| Box::pin(run(world)),
};

/// Whom they find at desafio1.
pub(super) const OF_HEADS: &[Attack] = &[
    Attack {
        scenario: SCENARIO.name,
        name: "slow heads",
        clients: (100, 1000),
        refused: Refused::Late(&["header_timeout"]),
        client: |it| Box::pin(slow_head(it)),
    },
    Attack {
        scenario: SCENARIO.name,
        name: "nothing said",
        clients: (2000, 50_000),
        refused: Refused::Late(&["first_byte_timeout"]),
        client: |it| Box::pin(it.say_nothing()),
    },
    Attack {
        scenario: SCENARIO.name,
        name: "heads without end",
        clients: (500, 3000),
        refused: Refused::Late(&["header_timeout", "memory_budget"]),
        client: |it| Box::pin(unfinished_head(it)),
    },
    Attack {
        scenario: SCENARIO.name,
        name: "oversized heads",
        clients: (10, 100),
        refused: Refused::By(&["head_too_large"]),
        client: |it| Box::pin(oversized_head(it)),
    },
    Attack {
        scenario: SCENARIO.name,
        name: "forged heads",
        clients: (10, 100),
        refused: Refused::By(&["bad_request"]),
        client: |it| Box::pin(forged_head(it)),
    },
];

/// Whom they find at the gateway, which reads bodies.
pub(super) const OF_BODIES: &[Attack] = &[
    Attack {
        scenario: SCENARIO.name,
        name: "slow readers",
        clients: (2, 200),
        refused: Refused::Late(&["write_timeout"]),
        client: |it| Box::pin(slow_reader(it)),
    },
    Attack {
        scenario: SCENARIO.name,
        name: "slow bodies",
        clients: (100, 1000),
        refused: Refused::Late(&["body_timeout"]),
        client: |it| Box::pin(slow_body(it)),
    },
    Attack {
        scenario: SCENARIO.name,
        name: "bodies without end",
        // The small size leaves memory to others: beyond it the newest are refused, whoever they are.
        clients: (200, 2000),
        refused: Refused::Late(&["body_timeout", "memory_budget"]),
        client: |it| Box::pin(unfinished_body(it)),
    },
    Attack {
        scenario: SCENARIO.name,
        name: "oversized bodies",
        clients: (10, 100),
        refused: Refused::By(&["413"]),
        client: |it| Box::pin(oversized_body(it)),
    },
    Attack {
        scenario: SCENARIO.name,
        name: "forged values",
        clients: (10, 50),
        refused: Refused::By(&["422"]),
        client: |it| Box::pin(forged_body(it)),
    },
];

async fn run(world: &World) -> anyhow::Result<Vec<Row>> {
    let how = impatient(world, &[]);
    let of_heads = under_attack(world, OF_HEADS, async || {
        world.plain("desafio1-servidor", &how).await
    });
    let of_bodies = under_attack(world, OF_BODIES, async || world.gateway(&how).await);
    let (mut rows, more) = if world.full {
        (of_heads.await?, of_bodies.await?)
    } else {
        tokio::try_join!(of_heads, of_bodies)?
    };
    rows.extend(more);
    Ok(rows)
}

const HEAD: &[u8] = b"GET / HTTP/1.1\r\nhost: malha\r\n";

async fn slow_head(it: Hostile) -> io::Result<()> {
    let mut stream = it.connect().await?;
    it.drip(&mut stream, HEAD).await
}

async fn unfinished_head(it: Hostile) -> io::Result<()> {
    let lines = format!("x-{:0>2000}: {:0>8000}\r\n", it.number, 0).repeat(3);
    it.say(&[HEAD, lines.as_bytes()].concat()).await.map(drop)
}

async fn slow_reader(it: Hostile) -> io::Result<()> {
    let mut stream = it.connect().await?;
    let request = b"GET /openapi.json HTTP/1.1\r\nhost: malha\r\n\r\n";
    it.never_read(&mut stream, request).await
}

/// A path, a line, many lines, and a number, each too large.
async fn oversized_head(it: Hostile) -> io::Result<()> {
    let path = "a".repeat(70_000);
    let line = "b".repeat(500_000);
    let many = "x: 1\r\n".repeat(200);
    for head in [
        format!("GET /{path} HTTP/1.1\r\nhost: malha\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nhost: malha\r\nx: {line}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nhost: malha\r\n{many}\r\n"),
    ] {
        refused(&it.say(head.as_bytes()).await?)?;
    }
    let number = "9".repeat(40);
    let head = format!("GET / HTTP/1.1\r\nhost: malha\r\ncontent-length: {number}\r\n\r\n");
    refused(&it.say(head.as_bytes()).await?)
}

/// What would become a line of the answer, or of the log, if it were copied there. Heads that are answered
/// ask for the connection's end, or the first would take all the time.
async fn forged_head(it: Hostile) -> io::Result<()> {
    for head in [
        "GET /%0d%0aset-cookie:%20forged=1 HTTP/1.1\r\nhost: malha\r\nconnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: malha\r\nx-request-id: 1\n{\"forged\":1}\n\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: malha\r\nx-request-id: 1\rset-cookie: forged=1\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: malha\r\n set-cookie: forged=1\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: malha\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: malha\r\nconnection: close\r\ntraceparent: 00-forged\r\n\r\n",
    ] {
        unforged(&it.say(head.as_bytes()).await?)?;
    }
    Ok(())
}

fn post(length: usize, body: &str) -> Vec<u8> {
    let head = format!(
        "POST /usuarios HTTP/1.1\r\nhost: malha\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    head.into_bytes()
}

async fn slow_body(it: Hostile) -> io::Result<()> {
    let mut stream = it.connect().await?;
    let (mut sent, body) = (post(1000, ""), [b' '; 1000]);
    sent.push(b'{');
    tokio::io::AsyncWriteExt::write_all(&mut stream, &sent).await?;
    it.drip(&mut stream, &body[1..]).await
}

async fn unfinished_body(it: Hostile) -> io::Result<()> {
    let body = " ".repeat(60_000);
    it.say(&post(64_000, &body)).await.map(drop)
}

async fn oversized_body(it: Hostile) -> io::Result<()> {
    let body = " ".repeat(1 << 20);
    refused(&it.say(&post(body.len(), &body)).await?)
}

async fn forged_body(it: Hostile) -> io::Result<()> {
    let deep = "[".repeat(10_000);
    let digits = "9".repeat(30_000);
    for body in [
        r#"{"nome":"a\r\nset-cookie: forged=1","email":"a\nb"}"#,
        &*deep,
        &format!(r#"{{"nome":{digits},"email":{digits}}}"#),
    ] {
        unforged(&it.say(&post(body.len(), body)).await?)?;
    }
    Ok(())
}

/// An answer, where there is one, refuses.
fn refused(answer: &[u8]) -> io::Result<()> {
    let good = answer.starts_with(b"HTTP/1.1 2");
    must(!good, "what is too large was taken")
}

/// No answer has a line that a client made.
fn unforged(answer: &[u8]) -> io::Result<()> {
    let answer = answer.to_ascii_lowercase();
    let has = contains(&answer, b"\r\nset-cookie:");
    must(!has, "an answer has a line of a client's making")
}
