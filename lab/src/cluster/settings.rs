//! The settings of the lab in a cluster.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use runtime::http::HttpLimits;
use runtime::settings::{
    CommaList, Expected, HOUR, Settings, SettingsError, Source, list, parse, within,
};
use url::Url;

use crate::settings::on_or_off;

/// What is shown, and where it is read from.
#[derive(Clone, Debug, clap::Args)]
pub struct ClusterSettings {
    /// Address of the page, and of Jaeger's query API under /api
    #[arg(default_value = "127.0.0.1:8888", value_parser = parse::<SocketAddr>)]
    pub listen: SocketAddr,
    /// Namespaces to show, with commas between; empty: its own (`POD_NAMESPACE`)
    #[arg(default_value = "", value_parser = namespaces)]
    pub namespaces: CommaList<String>,
    /// Namespace that this runs in, as the downward API says
    #[arg(default_value = "", value_parser = namespaces)]
    pod_namespace: CommaList<String>,
    /// Jaeger's query API, http:// or https://; empty: no traces
    #[arg(default_value = "", value_parser = url_or_none)]
    pub jaeger_url: MaybeUrl,
    /// Time between two questions to Jaeger
    #[arg(default_value = "2s", value_parser = within(Duration::from_millis(100)..=HOUR))]
    pub jaeger_interval: Duration,
    /// Whether the page may scale, delete pods and deny connections: on or off
    #[arg(default_value = "off", value_parser = on_or_off)]
    pub breaks: bool,
    /// Whether the page shows what pods print: on or off
    #[arg(default_value = "on", value_parser = on_or_off)]
    pub logs: bool,
    /// The API server; `kubectl proxy` is one without TLS, at `http://127.0.0.1:8001`
    #[arg(default_value = "https://kubernetes.default.svc", value_parser = url)]
    pub kubernetes_url: Url,
    /// File with the service account's token, read anew for each request
    #[arg(
        default_value = "/var/run/secrets/kubernetes.io/serviceaccount/token",
        value_parser = parse::<PathBuf>
    )]
    pub token_file: PathBuf,
    /// File with the certificates that sign the API server's
    #[arg(
        default_value = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt",
        value_parser = parse::<PathBuf>
    )]
    pub kubernetes_ca_file: PathBuf,
    /// Host names by which the page may be asked, beside localhost, 127.0.0.1 and `[::1]`
    #[arg(id = "lab_hosts", default_value = "", value_parser = list::<String>)]
    pub hosts: CommaList<String>,
    /// What the page bears.
    #[command(flatten)]
    pub page_limits: HttpLimits,
}

impl Settings for ClusterSettings {
    fn finish(mut self, _source: &Source) -> Result<Self, SettingsError> {
        if self.namespaces.is_empty() {
            self.namespaces.clone_from(&self.pod_namespace);
        }
        if self.namespaces.is_empty() {
            return Err(SettingsError::Missing {
                name: "NAMESPACES".to_owned(),
                expected: "names of namespaces, with commas between them".to_owned(),
            });
        }
        Ok(self)
    }
}

/// A URL, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaybeUrl(pub Option<Url>);

const URL: &str = "an http:// or https:// URL such as http://jaeger.jaeger:16686";

fn url_or_none(text: &str) -> Result<MaybeUrl, Expected> {
    let read = (!text.is_empty()).then(|| url(text)).transpose();
    read.map(MaybeUrl)
}

fn url(text: &str) -> Result<Url, Expected> {
    let known = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    let read = Url::parse(text).ok().filter(known);
    read.ok_or_else(|| Expected(URL.to_owned()))
}

/// Names as Kubernetes takes them: nothing else may stand in a path of its API.
fn namespaces(text: &str) -> Result<CommaList<String>, Expected> {
    let mut names = list::<String>(text)?;
    names.0.dedup();
    if names.iter().all(|name| is_label(name)) {
        return Ok(names);
    }
    Err(Expected(
        "names of namespaces, with commas between them, as in hello,grpc".to_owned(),
    ))
}

/// Whether this is a label by RFC 1123.
pub(super) fn is_label(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&name.len())
        && name.bytes().all(inner)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

#[cfg(test)]
mod tests {
    use runtime::settings::Inputs;

    use super::*;
    use crate::cluster::ClusterLab;

    fn read(pairs: &[(&str, &str)]) -> Result<ClusterSettings, String> {
        let pairs = pairs.iter();
        let environment = pairs.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let inputs = Inputs {
            environment: environment.collect(),
            ..Inputs::default()
        };
        runtime::settings_from::<ClusterLab>(inputs).map_err(|error| error.to_string())
    }

    #[test]
    fn by_default_nothing_can_be_broken_and_its_own_namespace_is_shown() {
        let settings = read(&[("POD_NAMESPACE", "lab")]).unwrap();
        assert!(!settings.breaks && settings.logs);
        assert_eq!(*settings.namespaces, ["lab"]);
        assert_eq!(settings.jaeger_url, MaybeUrl(None));
        let named = read(&[("POD_NAMESPACE", "lab"), ("NAMESPACES", "hello, grpc")]);
        assert_eq!(*named.unwrap().namespaces, ["hello", "grpc"]);
    }

    #[test]
    fn what_is_no_namespace_and_no_url_is_refused_by_name() {
        let refused = |pairs: &[(&str, &str)]| read(pairs).unwrap_err();
        assert!(refused(&[]).contains("NAMESPACES is not set"));
        assert!(refused(&[("NAMESPACES", "../x")]).contains("NAMESPACES=\"../x\""));
        let url = refused(&[("NAMESPACES", "a"), ("JAEGER_URL", "jaeger:16686")]);
        assert!(url.contains("JAEGER_URL=\"jaeger:16686\""), "{url}");
        let breaks = refused(&[("NAMESPACES", "a"), ("BREAKS", "yes")]);
        assert!(breaks.contains("on or off"), "{breaks}");
    }
}
