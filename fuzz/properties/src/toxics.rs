//! toxiproxy's JSON: a toxic is read again as it was written, a change of nothing changes nothing,
//! and no toxic makes, changes or reorders bytes.

use std::time::Instant;

use bytes::Bytes;
use link::shaper::{Shaper, Step};
use link::{Fault, Toxic, ToxicChange};
use rand::SeedableRng;
use rand::rngs::SmallRng;

use crate::lines::lines;

/// Panics where it does not hold of these: a toxic, a change of it, and what passes.
pub fn check(sent: &[u8]) {
    let ([toxic, change], passes) = lines(sent);
    let Ok(toxic) = Toxic::from_json(toxic) else {
        return;
    };
    is_written_as_read(&toxic);
    let nothing = toxic
        .changed(&ToxicChange::default())
        .expect("nothing is wrong with it");
    assert_eq!(nothing, toxic);
    passes_in_order(&toxic, passes);
    if let Ok(change) = serde_json::from_slice::<ToxicChange>(change)
        && let Ok(changed) = toxic.changed(&change)
    {
        assert_eq!((&changed.name, changed.stream), (&toxic.name, toxic.stream));
        assert_eq!(changed.fault.type_name(), toxic.fault.type_name());
        is_written_as_read(&changed);
        assert_eq!(
            changed.changed(&change).expect("it was right before"),
            changed
        );
    }
}

fn is_written_as_read(toxic: &Toxic) {
    assert!((0.0..=1.0).contains(&toxic.toxicity));
    let json = serde_json::to_vec(toxic).expect("it has no keys but texts");
    assert_eq!(Toxic::from_json(&json).ok().as_ref(), Some(toxic));
}

fn passes_in_order(toxic: &Toxic, passes: &[u8]) {
    let began = Instant::now();
    let toxics = std::slice::from_ref(toxic);
    let mut shaper = Shaper::new(toxics, began, SmallRng::seed_from_u64(7));
    for piece in passes.chunks(7) {
        shaper.push(Bytes::copy_from_slice(piece), began);
    }
    shaper.finish(began);
    let (mut came, mut end) = (Vec::new(), None);
    while let Some(due) = shaper.due() {
        while let Some(step) = shaper.next(due) {
            assert_eq!(end, None, "nothing follows the end");
            match step {
                Step::Send(bytes) => came.extend_from_slice(&bytes),
                other => end = Some(other),
            }
        }
    }
    assert!(passes.starts_with(&came), "{came:?}");
    let loses = matches!(
        toxic.fault,
        Fault::Timeout { .. }
            | Fault::ResetPeer { .. }
            | Fault::LimitData { .. }
            | Fault::ResetAfter { .. }
    );
    if !loses || toxic.toxicity == 0.0 {
        assert_eq!((came.len(), end), (passes.len(), Some(Step::Finish)));
    }
}
