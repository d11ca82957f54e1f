//! The lab that runs already, if one does.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;

use crate::client::{ClientError, LabClient, blocking};

/// A lab answers at once.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a lab says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// Where its page is.
    pub page: String,
    /// Its version.
    pub version: String,
    /// How many services are ready.
    pub ready: usize,
    /// How many there are.
    pub services: usize,
}

/// The lab whose page is here.
pub(super) fn lab(page: SocketAddr) -> Option<Running> {
    let asked = blocking(async {
        let client = LabClient::at(page, PATIENCE)?;
        let state = client.get("/lab/services").await?;
        Ok::<_, ClientError>(said(client.address().to_owned(), &state))
    });
    asked.ok()?.ok()?
}

fn said(page: String, state: &Value) -> Option<Running> {
    let services = state["services"].as_array()?;
    let ready = services.iter().filter(|service| service["ready"] == true);
    Some(Running {
        page,
        version: state["version"].as_str()?.to_owned(),
        ready: ready.count(),
        services: services.len(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_says_no_version_and_services_is_no_lab() {
        let page = || "localhost:8888".to_owned();
        let services = json!([{"ready": true}, {"ready": false}]);
        let running = said(page(), &json!({"version": "1.2.3", "services": services})).unwrap();
        assert_eq!((running.ready, running.services), (1, 2));
        assert_eq!(running.version, "1.2.3");
        for stranger in [
            json!({}),
            json!([]),
            json!({"services": []}),
            json!({"version": "1"}),
        ] {
            assert_eq!(said(page(), &stranger), None, "{stranger}");
        }
    }
}
