//! A client that does what the page does: it comes back, resumes, and sends again what has no
//! answer. It keeps a log of all it does and sees.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chat::checker::{Event, Seen};
use futures_util::{SinkExt, StreamExt};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use turmoil::net::TcpStream;

use crate::network::PORT;

/// The events of one client, shared with the one who judges.
pub(crate) type Log = Arc<Mutex<Vec<Event>>>;

/// Who it is and what it does.
pub(crate) struct Client {
    pub(crate) number: i64,
    pub(crate) service: &'static str,
    pub(crate) log: Log,
    dice: SmallRng,
    /// No new message after this.
    until: Duration,
    /// Not gone before this.
    end: Duration,
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

type Socket = WebSocketStream<TcpStream>;

/// The connection is lost.
struct Lost;

impl Client {
    pub(crate) fn new(
        number: i64,
        service: &'static str,
        seed: u64,
        until: Duration,
        end: Duration,
        log: Log,
    ) -> Self {
        Self {
            number,
            service,
            log,
            dice: SmallRng::seed_from_u64(seed ^ u64::try_from(number).unwrap()),
            until,
            end,
            said: 0,
            open: VecDeque::new(),
            place: None,
            next: Instant::now(),
            welcomed: false,
        }
    }

    /// Connects again and again until the end.
    pub(crate) async fn live(mut self) {
        while turmoil::elapsed() < self.end {
            let wait = Duration::from_millis(self.dice.random_range(10..300));
            if let Ok(Some(socket)) = timeout(SILENCE, self.connect()).await {
                if self.stay(socket).await.is_ok() {
                    return; // the end, and still connected
                }
                self.note(Seen::Disconnected);
            }
            tokio::time::sleep(wait).await;
        }
    }

    fn note(&self, what: Seen) {
        let at = u64::try_from(turmoil::elapsed().as_millis()).unwrap();
        self.log.lock().unwrap().push(Event { at, what });
    }

    async fn connect(&mut self) -> Option<Socket> {
        let (number, service) = (self.number, self.service);
        let resume = self
            .place
            .as_ref()
            .map_or(String::new(), |(epoch, cursor)| {
                format!("&epoch={epoch}&cursor={cursor}")
            });
        let url = format!("ws://{service}:{PORT}/ws/{number}?session=s-{number}{resume}");
        let mut request = url.into_client_request().unwrap();
        let protocol = "malha.chat.v1".parse().unwrap();
        request
            .headers_mut()
            .insert("sec-websocket-protocol", protocol);
        let stream = TcpStream::connect((service, PORT)).await.ok()?;
        let (socket, _) = tokio_tungstenite::client_async(request, stream)
            .await
            .ok()?;
        Some(socket)
    }

    /// Speaks and listens until the connection is lost, or the end has come.
    async fn stay(&mut self, mut socket: Socket) -> Result<(), Lost> {
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
                    if turmoil::elapsed() >= self.end {
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

    async fn speak(&mut self, socket: &mut Socket) -> Result<(), Lost> {
        let wait = self.dice.random_range(5..250);
        self.next = Instant::now() + Duration::from_millis(wait);
        if turmoil::elapsed() >= self.until {
            return Ok(());
        }
        self.said += 1;
        let id = format!("{}-{}", self.number, self.said);
        self.open.push_back(id.clone());
        self.note(Seen::Sent(id.clone()));
        say(socket, &id).await
    }

    async fn read(&mut self, frame: &Value, socket: &mut Socket) -> Result<(), Lost> {
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

async fn say(socket: &mut Socket, id: &str) -> Result<(), Lost> {
    let frame = json!({"type": "send", "id": id, "text": format!("texto de {id}")});
    send(socket, &frame).await
}

async fn send(socket: &mut Socket, frame: &Value) -> Result<(), Lost> {
    let message = Message::Text(frame.to_string().into());
    socket.send(message).await.map_err(|_| Lost)
}
