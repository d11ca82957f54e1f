//! Hostile clients beside an ordinary one: each kind at services of its own, under a pod's memory limit.
//!
//! # Layout
//! - [`Attack`], [`Hostile`]: a kind of client, and one of them.
//! - [`under_attack`]: calm, the attack, until memory is back.
//! - [`siege`]: what was measured, and the judgement.
//! - [`crowd`]: the processes that they are; [`leisure`]: what of the machine all of them get.
//! - [`sink`]: whom they attack for comparison.
//! - [`http2`], [`websocket`]: frames by hand.

pub(crate) mod crowd;
pub(crate) mod http2;
mod leisure;
pub(crate) mod siege;
pub(crate) mod sink;
pub(crate) mod websocket;

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

use self::siege::Siege;
use crate::load::{PATIENCE, Pace};
use crate::row::Row;
use crate::service::Service;
use crate::tally::Tally;
use crate::world::{How, Subject, World};

/// A kind of hostile client.
pub(crate) struct Attack {
    /// Of which scenario, whose other attacks have other names.
    pub(crate) scenario: &'static str,
    pub(crate) name: &'static str,
    /// So many of them, in the small size and in the large one.
    pub(crate) clients: (u32, u32),
    /// Why they are refused, at least once.
    pub(crate) refused: Refused,
    /// What one of them does, again and again until time is up.
    pub(crate) client: fn(Hostile) -> Doing,
}

impl Attack {
    /// How many clients there are.
    fn count(&self, world: &World) -> u32 {
        let (few, many) = self.clients;
        world.sized(few, many)
    }
}

/// Why a client is refused, by one of these reasons.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Refused {
    /// For what it sends.
    By(&'static [&'static str]),
    /// When a limit in time has passed, which the small size does not wait for.
    Late(&'static [&'static str]),
    /// It breaks no rule, and is served as fast as it reads.
    Never,
}

impl Refused {
    fn reasons(self, world: &World) -> &'static [&'static str] {
        match self {
            Self::By(reasons) => reasons,
            Self::Late(reasons) if world.full => reasons,
            Self::Late(_) | Self::Never => &[],
        }
    }
}

/// What a client does. `InvalidData` is an answer that breaks a promise; other errors are its own.
pub(crate) type Doing = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

/// One of the clients.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hostile {
    pub(crate) service: SocketAddr,
    pub(crate) number: u32,
    /// It goes on until then.
    pub(crate) until: Instant,
}

/// From so many addresses of this machine they come; the ordinary client has one of its own.
const ADDRESSES: u32 = 20;

/// Between two bytes of a slow client.
const DRIP: Duration = Duration::from_millis(100);

/// Before a client comes back.
const PAUSE: Duration = Duration::from_millis(100);

impl Hostile {
    pub(crate) async fn connect(self) -> io::Result<TcpStream> {
        let last = u8::try_from(2 + self.number % ADDRESSES).unwrap_or(2);
        let socket = TcpSocket::new_v4()?;
        socket.bind((Ipv4Addr::new(127, 0, 0, last), 0).into())?;
        // What is not read must not vanish in the buffers of this machine.
        socket.set_recv_buffer_size(4096)?;
        self.in_time(socket.connect(self.service)).await
    }

    /// Sends one byte after the other, slowly.
    pub(crate) async fn drip(self, stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
        for byte in bytes {
            self.in_time(stream.write_all(&[*byte])).await?;
            sleep(DRIP).await;
            if Instant::now() >= self.until {
                return Err(ErrorKind::TimedOut.into());
            }
        }
        self.until_closed(stream).await.map(drop)
    }

    /// Sends all of it, and reads whatever comes until the other side ends it.
    pub(crate) async fn say(self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut stream = self.connect().await?;
        let (mut read, mut write) = stream.split();
        let answer = async {
            let mut answer = Vec::new();
            let mut piece = vec![0; 4096];
            while let Ok(count @ 1..) = self.in_time(read.read(&mut piece)).await {
                answer.extend_from_slice(&piece[..count]);
                answer.truncate(64 * 1024);
            }
            answer
        };
        // It may be cut while it speaks, which is what it came for.
        let (_, answer) = tokio::join!(self.in_time(write.write_all(bytes)), answer);
        Ok(answer)
    }

    /// Connects, and leaves it at that.
    pub(crate) async fn say_nothing(self) -> io::Result<()> {
        let mut stream = self.connect().await?;
        self.until_closed(&mut stream).await
    }

    /// Reads until the other side ends it, or time is up.
    pub(crate) async fn until_closed(self, stream: &mut TcpStream) -> io::Result<()> {
        let mut piece = vec![0; 4096];
        while self.in_time(stream.read(&mut piece)).await? > 0 {}
        Ok(())
    }

    /// Sends the same for as long as it is taken, and reads nothing.
    pub(crate) async fn never_read(self, stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
        loop {
            self.in_time(stream.write_all(bytes)).await?;
        }
    }

    pub(crate) async fn in_time<T>(
        self,
        work: impl Future<Output = io::Result<T>>,
    ) -> io::Result<T> {
        // What is always done at once leaves a timeout no turn to see that time is up.
        if Instant::now() >= self.until {
            return Err(ErrorKind::TimedOut.into());
        }
        let done = timeout_at(self.until, work).await;
        done.map_err(|_| io::Error::from(ErrorKind::TimedOut))?
    }
}

/// The memory limit of a pod, as the charts have it.
pub(crate) const POD: u64 = 64 << 20;

/// What services are told under an attack: in the large size, to give clients less time, so that the
/// attack need not take minutes.
pub(crate) fn impatient(world: &World, settings: &[(&str, &str)]) -> How {
    let short = [
        "FIRST_BYTE_TIMEOUT",
        "HEADER_TIMEOUT",
        "BODY_TIMEOUT",
        "WRITE_TIMEOUT",
        "HANDSHAKE_TIMEOUT",
    ];
    let short = short.map(|name| (name, "1500ms"));
    let all = short.iter().chain(settings);
    let all = all.filter(|_| world.full);
    let all = all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    How {
        memory: Some(POD),
        settings: all.collect(),
        ..How::default()
    }
}

/// Each attack at services of its own: side by side in the small size, which mostly waits.
pub(crate) async fn under_attack(
    world: &World,
    attacks: &[Attack],
    subject: impl AsyncFn() -> anyhow::Result<Subject>,
) -> anyhow::Result<Vec<Row>> {
    // In the large size one has the machine for itself, while memory is waited for at others.
    let turns = Semaphore::new(if world.full { 1 } else { attacks.len() });
    let attacks = stream::iter(attacks).map(|attack| one(world, attack, &turns, &subject));
    attacks.buffered(AT_ONCE).try_collect().await
}

/// Attacks whose services are there at once.
const AT_ONCE: usize = 12;

async fn one(
    world: &World,
    attack: &Attack,
    turns: &Semaphore,
    subject: &impl AsyncFn() -> anyhow::Result<Subject>,
) -> anyhow::Result<Row> {
    let turn = turns.acquire().await?;
    let Subject {
        exercise,
        load,
        mut parts,
    } = subject().await?;
    let tally = Tally::default();
    let course = async {
        let siege = besieged(world, &tally, &parts.services[0], attack).await;
        tally.end();
        siege
    };
    let pace = Pace {
        workers: world.sized(2, 4),
        rate: world.sized(20, 200),
        ..world.pace()
    };
    let (found, siege) = tokio::join!(load.run(&tally, pace), course);
    let mut siege = siege?;
    drop(turn);
    siege.watch_memory(&parts.services[0], world).await;
    let name = format!("{exercise}: {}", attack.name);
    let row = siege.judged(
        &name,
        attack.refused.reasons(world),
        &tally.samples(),
        found?,
    );
    for service in &mut parts.services {
        service.kill().await;
    }
    Ok(row)
}

async fn besieged(
    world: &World,
    tally: &Tally,
    service: &Service,
    attack: &Attack,
) -> anyhow::Result<Siege> {
    let begun = Instant::now();
    while !tally.is_back(begun) && begun.elapsed() < PATIENCE {
        sleep(LOOK).await;
    }
    let [calm, lasts] = if world.full {
        [2000, 4000]
    } else {
        [400, 1000]
    };
    let [calm, lasts] = [calm, lasts].map(Duration::from_millis);
    sleep(calm).await;
    let began = Instant::now();
    let mut control = None;
    if world.full {
        let (_sink, address) = sink::start().await?;
        rush(world, attack, address, lasts, || ()).await?;
        control = Some([began, Instant::now()]);
        sleep(calm).await;
    }
    let mut siege = Siege::begun(service, attack.count(world), control).await;
    let began = Instant::now();
    loop {
        let look = || siege.look(service);
        let came = rush(world, attack, service.address, lasts, look).await?;
        siege.add(came);
        // On a busy machine time may be over before anybody was heard.
        let reasons = attack.refused.reasons(world);
        if siege.is_refused_by(reasons, service).await || began.elapsed() > PATIENCE {
            break;
        }
    }
    siege.ended(service).await;
    Ok(siege)
}

/// All of them at once, for so long; `look` is called again and again meanwhile.
async fn rush(
    world: &World,
    attack: &Attack,
    service: SocketAddr,
    lasts: Duration,
    mut look: impl FnMut(),
) -> anyhow::Result<Vec<Came>> {
    let mut all = JoinSet::new();
    for child in crowd::start(world, attack, service, lasts)? {
        all.spawn(crowd::came(child));
    }
    let mut came = Vec::new();
    while !all.is_empty() {
        tokio::select! {
            Some(one) = all.join_next() => came.push(one??),
            () = sleep(LOOK) => look(),
        }
    }
    Ok(came)
}

/// A promise that a client sees kept, or broken.
pub(crate) fn must(kept: bool, otherwise: &str) -> io::Result<()> {
    if kept {
        Ok(())
    } else {
        Err(io::Error::new(ErrorKind::InvalidData, otherwise))
    }
}

pub(crate) fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|bytes| bytes == part)
}

/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// What came of one client: how often it came, and the first answer that breaks a promise.
#[derive(Debug, Default)]
pub(crate) struct Came {
    pub(crate) times: u64,
    pub(crate) wrong: Option<String>,
}

async fn again_and_again(hostile: Hostile, client: fn(Hostile) -> Doing) -> Came {
    let mut came = Came::default();
    while Instant::now() < hostile.until {
        came.times += 1;
        match client(hostile).await {
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                came.wrong.get_or_insert(error.to_string());
            }
            // To be cut is what it came for.
            _ => sleep(PAUSE).await,
        }
    }
    came
}
