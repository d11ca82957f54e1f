//! The lab's words for faults: what it shows of them is read again as the same faults.

use lab::faults::spec::Spec;

/// Panics where it does not hold of this text.
pub fn check(sent: &[u8]) {
    let Ok(text) = std::str::from_utf8(sent) else {
        return;
    };
    let Ok(spec) = Spec::read(text) else { return };
    for part in &spec.parts {
        assert!((0.0..=1.0).contains(&part.share));
        let again = Spec::read(&part.text).expect("it was shown so");
        assert_eq!(again.parts, std::slice::from_ref(part));
        for toxic in part.toxics() {
            let json = serde_json::to_vec(&toxic).expect("it has no keys but texts");
            link::Toxic::from_json(&json).expect("toxiproxy's clients can read it");
        }
    }
}
