//! The first lines: what runs where, and how to stop it.

use std::net::SocketAddr;

use crate::links::wiring::Without;
use crate::plan::reached_at;
use crate::settings::LabSettings;

/// The lines that are said at the start.
pub(crate) fn lines(settings: &LabSettings, page: SocketAddr) -> Vec<String> {
    let width = settings
        .services
        .iter()
        .map(|service| service.name.len())
        .max();
    let width = width.unwrap_or_default();
    let mut lines = Vec::new();
    for service in &settings.services {
        let is_absent = |other: &Without| other.service == service.name;
        let where_to = match service.listen {
            Some(address) if settings.without.iter().any(is_absent) => {
                format!("left out; its place is {}", reached_at(address))
            }
            Some(address) => format!("on {}", reached_at(address)),
            None => format!("asks {}", service.asks.join(", ")),
        };
        lines.push(format!("{:width$}  {where_to}", service.name));
    }
    let spans = match &settings.spans_elsewhere {
        Some(endpoint) => format!("traces go to {endpoint}"),
        None => format!(
            "spans are received on {} (OTLP over HTTP) and {} (over gRPC)",
            reached_at(settings.otlp_listen),
            reached_at(settings.otlp_grpc_listen)
        ),
    };
    lines.push(spans);
    if settings.links {
        lines.push(format!(
            "each port is a link that can be watched and broken: malha links; toxiproxy's API on {}",
            reached_at(settings.toxiproxy_listen)
        ));
    }
    lines.push(format!("page and traces: http://{}", reached_at(page)));
    lines.push("Ctrl-C stops everything".to_owned());
    lines
}

/// What is said once every service is ready.
pub(crate) fn ready(services: usize, page: SocketAddr) -> String {
    format!(
        "{services} services are ready; look at http://{}",
        reached_at(page)
    )
}
