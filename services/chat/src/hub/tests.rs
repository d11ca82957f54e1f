//! How a room is left, as those see it who relay.

use std::sync::Barrier;

use testing::{TestLifecycle, settings};
use tokio::io::duplex;

use super::*;
use crate::metrics::ChatMetrics;
use crate::{Chat, service};

const PEER: &str = "http://peer.example/relay";

/// Once the last one left before the log said so, and a service that ended told nobody.
#[tokio::test]
async fn who_sees_that_nobody_is_left_finds_in_the_log_that_they_left() {
    let lifecycle = TestLifecycle::default();
    let metrics = ChatMetrics::new(lifecycle.lifecycle().metrics());
    let hub = service::room(&settings::<Chat>(&[("PEER_URL", PEER)]), metrics).unwrap();
    for _ in 0..300 {
        let join = Join {
            client: ClientId::parse("1").unwrap(),
            session: Token::random(),
            protocol: Protocol::V1,
            resume: None,
            history: 0,
        };
        let line = hub.connect(Box::new(duplex(1).0));
        let member = hub.join(join, line, TraceContext::default()).await.unwrap();
        let joined = *hub.sequence().borrow();
        let ready = Barrier::new(2);
        std::thread::scope(|scope| {
            let watcher = scope.spawn(|| {
                let members = hub.members();
                ready.wait();
                while *members.borrow() > 0 {
                    std::hint::spin_loop();
                }
                hub.next_pending(PEER, joined)
            });
            ready.wait();
            hub.leave(member, TraceContext::default(), lifecycle.lifecycle());
            let left = watcher.join().unwrap().expect("an entry to be relayed");
            assert!(matches!(left.event, Event::Left { .. }), "{left:?}");
        });
    }
}
