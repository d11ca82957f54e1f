//! A relay to a peer that answers as it is told to.

use std::collections::VecDeque;
use std::sync::Mutex;

use testing::{TestLifecycle, settings};

use super::*;
use crate::domain::{ClientId, TraceContext};
use crate::hub::ClientMessage;
use crate::metrics::ChatMetrics;
use crate::{Chat, service};

const PEER: &str = "http://peer.example/relay";

/// A peer that gives these answers, and then takes everything.
#[derive(Default)]
struct Peer {
    answers: Mutex<VecDeque<u16>>,
    /// How often it does not listen yet.
    away: Mutex<u32>,
    /// What it was asked, and after how long.
    asked: Mutex<Vec<(Duration, Request)>>,
    begun: Option<Instant>,
}

impl HttpTransport for Peer {
    async fn send(&self, request: Request) -> Result<HttpResponse, HttpClientError> {
        let is_message = request.method() == Method::POST;
        let after = self.begun.map(|begun| begun.elapsed()).unwrap_or_default();
        self.asked.lock().unwrap().push((after, request));
        let mut answers = self.answers.lock().unwrap();
        let status = is_message.then(|| answers.pop_front()).flatten();
        Ok(HttpResponse {
            status: StatusCode::from_u16(status.unwrap_or(200)).unwrap(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        })
    }

    async fn is_listened_on(&self, _: &Url) -> bool {
        let mut away = self.away.lock().unwrap();
        *away = away.saturating_sub(1);
        *away == 0
    }
}

impl Peer {
    /// One header of each message that came, in order.
    fn headers(&self, name: &str) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        let messages = asked.iter().filter(|(_, one)| one.method() == Method::POST);
        messages
            .map(|(_, one)| one.headers()[name].to_str().unwrap().to_owned())
            .collect()
    }
}

/// What becomes of messages with these ids, with these settings and answers: the peer, and how many
/// tries were `taken`, `refused` and `failed`, and how many messages were lost.
async fn relayed(
    set: &[(&str, &str)],
    ids: &[&str],
    answers: &[u16],
) -> (Arc<Peer>, [u64; 3], u64) {
    let lifecycle = TestLifecycle::default();
    let set = [&[("PEER_URL", PEER)], set].concat();
    let settings = settings::<Chat>(&set);
    let metrics = ChatMetrics::new(lifecycle.lifecycle().metrics());
    let hub = service::room(&settings, metrics).unwrap();
    for id in ids {
        let said = ClientMessage {
            client: ClientId::parse("1").unwrap(),
            session: Token::parse("s").unwrap(),
            id: Token::parse(id).unwrap(),
            text: "olá".to_owned(),
        };
        hub.post(said, TraceContext::default()).await;
    }
    let peer = Arc::new(Peer {
        answers: Mutex::new(answers.iter().copied().collect()),
        away: Mutex::new(5),
        begun: Some(Instant::now()),
        ..Peer::default()
    });
    let url = Url::parse(PEER).unwrap();
    let outbound = Outbound::new(hub.clone(), Arc::clone(&peer), url, &settings.relay);
    let running = outbound.run(lifecycle.lifecycle().clone());
    lifecycle.lifecycle().spawn(running);
    tokio::time::sleep(Duration::from_mins(1)).await;
    lifecycle.end(Duration::from_secs(1)).await;
    let host = || "peer.example".to_owned();
    let count = |outcome| {
        let labels = RelayLabels {
            peer: host(),
            outcome,
        };
        hub.metrics().relayed.get_or_create(&labels).get()
    };
    let tries = ["taken", "refused", "failed"].map(count);
    let label = PeerLabel { peer: host() };
    let lost = hub.metrics().lost.get_or_create(&label).get();
    (peer, tries, lost)
}

const ID: &str = "webhook-id";
const TIME: &str = "webhook-timestamp";
const SECRET: (&str, &str) = ("RELAY_SECRET", "0123456789abcdef");

#[tokio::test(start_paused = true)]
async fn a_message_is_sent_again_until_it_is_taken_and_the_next_waits_for_it() {
    let (peer, tries, lost) = relayed(&[SECRET], &["a", "b"], &[503, 401, 200]).await;
    let ids = peer.headers(ID);
    assert_eq!((ids.len(), tries, lost), (4, [2, 0, 2], 0));
    assert!(ids[0] == ids[1] && ids[1] == ids[2] && ids[2] != ids[3]);
    // No signature is used twice.
    let times: Vec<u64> = peer.headers(TIME)[..3]
        .iter()
        .map(|time| time.parse().unwrap())
        .collect();
    assert!(times.is_sorted_by(|one, next| one < next), "{times:?}");
    let after: Vec<_> = peer.asked.lock().unwrap().iter().map(|one| one.0).collect();
    assert_eq!(after[1], Duration::ZERO, "the first is not held up");
}

#[tokio::test(start_paused = true)]
async fn what_a_peer_will_never_take_is_lost_and_the_next_goes_on() {
    let (_, tries, lost) = relayed(&[], &["a", "b"], &[422]).await;
    assert_eq!((tries, lost), ([1, 1, 0], 1));
}

#[tokio::test(start_paused = true)]
async fn a_message_is_tried_once_where_it_is_to_be() {
    let once = ("RELAY_DELIVERY", "at-most-once");
    let (_, tries, lost) = relayed(&[once], &["a", "b"], &[503]).await;
    assert_eq!((tries, lost), ([1, 0, 1], 1));
}

#[tokio::test(start_paused = true)]
async fn what_is_left_in_memory_at_the_end_is_counted_as_lost() {
    let (_, [taken, ..], lost) = relayed(&[], &["a", "b"], &[503; 1000]).await;
    assert_eq!((taken, lost), (0, 2));
}

#[tokio::test(start_paused = true)]
async fn who_has_nothing_to_say_waits_a_moment_for_a_peer_that_does_not_listen_yet() {
    let (peer, tries, lost) = relayed(&[], &[], &[]).await;
    assert_eq!((tries, lost), ([0; 3], 0));
    let asked = peer.asked.lock().unwrap();
    let (after, first) = &asked[0];
    assert_eq!(first.url().path(), "/relay/presence");
    assert_eq!(*after, MEETING_POLL * 4);
}

#[test]
fn no_signature_is_used_twice_and_a_clock_that_was_set_back_is_followed() {
    assert_eq!(time_to_sign_again(1000, 990), 1000);
    assert_eq!(time_to_sign_again(1000, 1000), 1001);
    assert_eq!(time_to_sign_again(1000, 1001), 1002);
    assert_eq!(time_to_sign_again(1000, 1010), 1011);
    assert_eq!(time_to_sign_again(1000, 1011), 1000);
    assert_eq!(time_to_sign_again(1000, 1000 + 3600), 1000);
}

#[test]
fn only_what_a_peer_will_never_take_is_given_up() {
    for (status, expected) in [
        (200, "taken"),
        (204, "taken"),
        (400, "refused"),
        (409, "refused"),
        (413, "refused"),
        (415, "refused"),
        (422, "refused"),
        (301, "status 301 Moved Permanently"),
        (404, "status 404 Not Found"),
        (429, "status 429 Too Many Requests"),
        (500, "status 500 Internal Server Error"),
        (503, "status 503 Service Unavailable"),
    ] {
        let status = StatusCode::from_u16(status).unwrap();
        let outcome = match classify(status) {
            Outcome::Accepted => "taken".to_owned(),
            Outcome::Refused(why) => {
                assert_eq!(why, status);
                "refused".to_owned()
            }
            Outcome::Failed(why) => why,
        };
        assert_eq!(outcome, expected, "{status}");
    }
    assert!(refusal(StatusCode::UNAUTHORIZED).contains("RELAY_SECRET"));
}

#[test]
fn a_peer_is_known_by_its_host_and_a_port_that_is_not_the_usual_one() {
    for (url, host) in [
        ("http://serviceB:8000/relay", "serviceb:8000"),
        ("http://serviceB:80/relay", "serviceb"),
        ("https://b.example/relay", "b.example"),
    ] {
        let name = name(&Url::parse(url).unwrap());
        assert_eq!(name.host, host);
        assert_eq!(Url::parse(&name.url), Url::parse(url));
    }
}

#[test]
fn an_answer_names_its_service_where_that_is_a_name() {
    let named = |name: Option<&'static str>| {
        let answer = HttpResponse {
            status: StatusCode::OK,
            headers: name
                .map(|name| (CHAT_SERVICE, HeaderValue::from_static(name)))
                .into_iter()
                .collect(),
            body: Bytes::new(),
        };
        name_in(&answer).map(|name| name.to_string())
    };
    assert_eq!(named(Some("serviceB")).as_deref(), Some("serviceB"));
    assert_eq!(named(Some("no name")), None);
    assert_eq!(named(None), None);
}
