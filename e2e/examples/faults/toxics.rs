//! Faults put on links for a while.

use std::time::Duration;

use link::{Direction, Fault, Link, Toxic};
use tokio::time::sleep;

/// Puts these faults on all links, and takes them away after a time.
pub(crate) async fn poisoned(links: &[Link], faults: &[(Direction, Fault)], lasts: Duration) {
    for link in links {
        for (way, fault) in faults {
            link.put(Toxic {
                name: format!("{way:?}"),
                fault: *fault,
                stream: *way,
                toxicity: 1.0,
            });
        }
    }
    sleep(lasts).await;
    links.iter().for_each(Link::clear);
}
