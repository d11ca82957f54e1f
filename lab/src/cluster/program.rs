//! The program `lab`, top to bottom.

use std::time::Duration;

use runtime::http::serve_untraced;
use runtime::tls::Certificates;
use runtime::{Lifecycle, Service, net};

use super::ClusterError;
use super::api::Api;
use super::breaks::Breaks;
use super::peer::Peer;
use super::routes::{self, Cluster};
use super::settings::ClusterSettings;
use super::sight::Sight;
use super::traces::Jaeger;
use crate::collector::{Limits, SharedStore};
use crate::page::guard::{Hosts, guarded};
use crate::{jaeger, page};

/// The lab's page over a Kubernetes cluster.
#[derive(Debug)]
pub struct ClusterLab;

/// What is kept of the traces that Jaeger has: enough to look at, little enough for a small pod.
const KEPT: Limits = Limits {
    traces: 2_000,
    spans_per_trace: 1_000,
    bytes: 48 << 20,
};

impl Service for ClusterLab {
    const NAME: &'static str = "lab";
    const ABOUT: &'static str = "The lab's page over a Kubernetes cluster and a Jaeger";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    type Settings = ClusterSettings;
    type Error = ClusterError;

    async fn run(settings: ClusterSettings, lifecycle: Lifecycle) -> Result<(), ClusterError> {
        let listener = net::bind("LISTEN", settings.listen)?;
        // Its connections hold up no drain.
        let asking = lifecycle.detached();
        let api = api(&settings, &asking)?;
        let seen = lifecycle.readiness().require("kubernetes");
        let sight = Sight::follow(
            &settings.namespaces,
            &api,
            settings.breaks,
            &seen,
            &lifecycle,
        );
        let store = SharedStore::new(KEPT);
        let cluster = Cluster {
            namespaces: settings.namespaces.to_vec(),
            logs: settings.logs,
            breaks: Breaks::new(api.clone(), sight.clone(), settings.breaks),
            jaeger: follow_jaeger(&settings, &store, &lifecycle, &asking)?,
            sight,
            api,
        };
        let routes = page::over(store.clone())
            .merge(jaeger::routes(store))
            .merge(routes::routes(cluster));
        let routes = guarded(routes, Hosts::new(&settings.hosts));
        serve_untraced("page", listener, routes, settings.page_limits, &lifecycle).await;
        Ok(())
    }
}

fn api(settings: &ClusterSettings, asking: &Lifecycle) -> Result<Api, ClusterError> {
    let url = settings.kubernetes_url.clone();
    if url.scheme() == "http" {
        return Ok(Api::new(Peer::new(url, None, asking.clone())?, None));
    }
    let path = &settings.kubernetes_ca_file;
    let authorities = Certificates::read(path).map_err(|source| ClusterError::Authorities {
        path: path.clone(),
        source,
    })?;
    let peer = Peer::new(url, Some(&authorities), asking.clone())?;
    Ok(Api::new(peer, Some(settings.token_file.clone())))
}

fn follow_jaeger(
    settings: &ClusterSettings,
    store: &SharedStore,
    lifecycle: &Lifecycle,
    asking: &Lifecycle,
) -> Result<Option<Jaeger>, ClusterError> {
    let Some(url) = settings.jaeger_url.0.clone() else {
        return Ok(None);
    };
    let jaeger = Jaeger::new(Peer::new(url, None, asking.clone())?, store.clone());
    let every: Duration = settings.jaeger_interval;
    lifecycle.spawn(jaeger.clone().follow(every, lifecycle.clone()));
    Ok(Some(jaeger))
}
