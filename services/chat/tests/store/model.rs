//! Random steps, whose outcomes must be those of the rules in `domain/log.rs`.

use chat::domain::log::{AppendOutcome, AppendRequest, Log, Retention};
use chat::domain::outbox::Bounds;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use crate::backend::{Backend, PEER, own, relayed};

const STEPS: usize = 300;

pub(crate) async fn compare(backend: &Backend) {
    let room = backend
        .room(&[("OUTBOX_MAX", "4"), ("OUTBOX_MAX_BYTES", "1KiB")])
        .await;
    let retention = Retention {
        history: 1000,
        history_bytes: 4 << 20,
        outbox: Bounds {
            entries: 4,
            bytes: 1024,
        },
    };
    let peers = [PEER.to_owned()];
    let (service, epoch) = (room.service().clone(), room.epoch().clone());
    let mut model = Log::new(service, epoch, retention, peers);
    model.start_new_peers();
    let mut dice = SmallRng::seed_from_u64(13);
    for step in 0..STEPS {
        if dice.random_bool(0.3) {
            // The peer takes what comes next, if anything waits.
            if let Some(next) = model.outbox().next(model.outbox().acknowledged(PEER)) {
                model.acknowledge(PEER, next.sequence().unwrap());
                room.settle(PEER, &next, true).await;
            }
            continue;
        }
        let request = any_request(&mut dice);
        let expected = match model.decide(request.clone()) {
            Ok(entry) => AppendOutcome::Appended(model.apply(entry)),
            Err(outcome) => outcome,
        };
        let outcome = room.append(request).await;
        assert_eq!(outcome, expected, "step {step}");
    }
    assert!(model.history().last() > 50, "hardly anything was appended");
}

fn any_request(dice: &mut SmallRng) -> AppendRequest {
    let id = format!("m-{}", dice.random_range(0..60));
    if dice.random_bool(0.5) {
        let session = format!("s-{}", dice.random_range(0..3));
        let text = "x".repeat(dice.random_range(0..300));
        return own(&session, &id, &text);
    }
    let origin = format!("service{}", dice.random_range(1..3));
    let epoch = format!("e-{}", dice.random_range(0..3));
    relayed(&origin, &epoch, dice.random_range(1..40), &id)
}
