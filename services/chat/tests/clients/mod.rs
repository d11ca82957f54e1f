//! For the simulation and for real processes: a client that does what the page does: it comes back, resumes, and sends again what has no
//! answer. It keeps a log of all it does and sees.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chat::checker::{Event, Seen};
use futures_util::{SinkExt, StreamExt};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// The events of one client, shared with the one who judges.
pub(crate) type Log = Arc<Mutex<Vec<Event>>>;

/// The time of a world, which all of its clients share.
#[derive(Clone)]
pub(crate) struct Clock {
    /// How long the world has lasted.
    pub(crate) elapsed: Arc<dyn Fn() -> Duration + Send + Sync>,
    /// No new message after this.
    pub(crate) until: Duration,
    /// Whether the end has come.
    pub(crate) over: Arc<dyn Fn() -> bool + Send + Sync>,
}

/// Who it is and what it does.
pub(crate) struct Client {
    number: i64,
    /// Host and port of its service.
    service: String,
    log: Log,
    clock: Clock,
    dice: SmallRng,
    said: u32,
    /// Sent and not answered, in their order.
    open: VecDeque<String>,
    /// Epoch and place, once welcomed.
    place: Option<(String, u64)>,
    next: Instant,
    /// Whether this connection has been welcomed.
    welcomed: bool,
}

/// Silence after which a connection counts as lost.
const SILENCE: Duration = Duration::from_millis(1500);

type Socket<S> = WebSocketStream<S>;

/// The connection is lost.
struct Lost;

impl Client {
    pub(crate) fn new(number: i64, service: String, seed: u64, clock: Clock, log: Log) -> Self {
        Self {
            number,
            service,
            log,
            clock,
            dice: SmallRng::seed_from_u64(seed ^ u64::try_from(number).unwrap()),
            said: 0,
            open: VecDeque::new(),
            place: None,
            next: Instant::now(),
            welcomed: false,
        }
    }

    /// Connects again and again until the end.
    pub(crate) async fn live<S>(mut self, dial: impl AsyncFn() -> Option<S>)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        while !(self.clock.over)() {
            let wait = Duration::from_millis(self.dice.random_range(10..300));
            if let Ok(Some(socket)) = timeout(SILENCE, self.connect(&dial)).await {
                if self.stay(socket).await.is_ok() {
                    return; // the end, and still connected
                }
                self.note(Seen::Disconnected);
            }
            tokio::time::sleep(wait).await;
        }
    }

    fn note(&self, what: Seen) {
        let at = u64::try_from((self.clock.elapsed)().as_millis()).unwrap();
        self.log.lock().unwrap().push(Event { at, what });
    }

    async fn connect<S>(&mut self, dial: &impl AsyncFn() -> Option<S>) -> Option<Socket<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (number, service) = (self.number, &self.service);
        let resume = self
            .place
            .as_ref()
            .map_or(String::new(), |(epoch, cursor)| {
                format!("&epoch={epoch}&cursor={cursor}")
            });
        let url = format!("ws://{service}/ws/{number}?session=s-{number}{resume}");
        let mut request = url.into_client_request().unwrap();
        let protocol = "malha.chat.v1".parse().unwrap();
        request
            .headers_mut()
            .insert("sec-websocket-protocol", protocol);
        let connected = tokio_tungstenite::client_async(request, dial().await?).await;
        connected.ok().map(|(socket, _)| socket)
    }

    /// Protocol and listens until the connection is lost, or the end has come.
    async fn stay<S>(&mut self, mut socket: Socket<S>) -> Result<(), Lost>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut heard = Instant::now();
        self.welcomed = false;
        loop {
            let silence = sleep_until(heard + SILENCE / 2);
            tokio::select! {
                biased;
                next = socket.next() => {
                    heard = Instant::now();
                    let Some(Ok(message)) = next else {
                        return Err(Lost);
                    };
                    if let Message::Text(text) = message {
                        let frame: Value = serde_json::from_str(&text).unwrap();
                        self.read(&frame, &mut socket).await?;
                    }
                }
                () = sleep_until(self.next), if self.welcomed => {
                    if (self.clock.over)() {
                        return Ok(());
                    }
                    self.speak(&mut socket).await?;
                }
                () = silence => {
                    if heard.elapsed() >= SILENCE {
                        return Err(Lost);
                    }
                    let ping = json!({"type": "ping", "at": 0});
                    let answer = timeout(SILENCE, async {
                        send(&mut socket, &ping).await?;
                        socket.next().await.ok_or(Lost)?.map_err(|_| Lost)
                    });
                    let Ok(Ok(message)) = answer.await else {
                        return Err(Lost);
                    };
                    heard = Instant::now();
                    if let Message::Text(text) = message {
                        let frame: Value = serde_json::from_str(&text).unwrap();
                        self.read(&frame, &mut socket).await?;
                    }
                }
            }
        }
    }

    async fn speak<S>(&mut self, socket: &mut Socket<S>) -> Result<(), Lost>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let wait = self.dice.random_range(5..250);
        self.next = Instant::now() + Duration::from_millis(wait);
        if (self.clock.elapsed)() >= self.clock.until {
            return Ok(());
        }
        self.said += 1;
        let id = format!("{}-{}", self.number, self.said);
        self.open.push_back(id.clone());
        self.note(Seen::Sent(id.clone()));
        say(socket, &id).await
    }

    async fn read<S>(&mut self, frame: &Value, socket: &mut Socket<S>) -> Result<(), Lost>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let text = |name: &str| frame[name].as_str().unwrap_or_default().to_owned();
        let number = || frame["client"].as_i64().unwrap();
        let in_the_flow = frame["duplicate"] != true && frame["type"] != "welcome";
        if let (Some(cursor), Some((_, place)), true) =
            (frame["cursor"].as_u64(), &mut self.place, in_the_flow)
        {
            assert!(cursor > *place, "{frame} after {place}: the flow goes back");
            *place = cursor;
        }
        match frame["type"].as_str().unwrap() {
            "welcome" => {
                self.note(Seen::Connected(frame["recovered"].as_bool()));
                self.welcomed = true;
                self.place = Some((text("epoch"), frame["cursor"].as_u64().unwrap()));
                for id in self.open.clone() {
                    self.note(Seen::Sent(id.clone()));
                    say(socket, &id).await?;
                }
            }
            "message" => self.note(Seen::Message {
                id: text("id"),
                client: number(),
            }),
            "accepted" => {
                let id = text("id");
                self.open.retain(|open| *open != id);
                self.note(Seen::Accepted(id));
            }
            "refused" => {
                let id = text("id");
                self.open.retain(|open| *open != id);
                self.note(Seen::Refused(id));
            }
            "joined" => self.note(Seen::Joined(number())),
            "left" => self.note(Seen::Left(number())),
            _ => {}
        }
        Ok(())
    }
}

async fn say<S>(socket: &mut Socket<S>, id: &str) -> Result<(), Lost>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let frame = json!({"type": "send", "id": id, "text": format!("texto de {id}")});
    send(socket, &frame).await
}

async fn send<S>(socket: &mut Socket<S>, frame: &Value) -> Result<(), Lost>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let message = Message::Text(frame.to_string().into());
    socket.send(message).await.map_err(|_| Lost)
}
