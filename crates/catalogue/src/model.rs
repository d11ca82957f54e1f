//! What `catalogue.toml` says.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::{Error, rules};

/// Every exercise, in the order in which they are shown and started.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// The exercises.
    #[serde(rename = "exercise")]
    pub exercises: Vec<Exercise>,
}

/// Services that belong together: a package of `services/`, a chart, a namespace.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exercise {
    /// Its name, everywhere.
    pub name: String,
    /// One line on it, for the lab's `--list`.
    pub about: String,
    /// What the conformance image is told besides addresses.
    #[serde(default)]
    pub test: BTreeMap<String, String>,
    /// Its services; those that others call come first.
    #[serde(rename = "service")]
    pub services: Vec<Service>,
}

/// One service.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Its `service.name`; in lower case, its Deployment.
    pub name: String,
    /// Its type in Rust, which implements `runtime::Service`.
    #[serde(rename = "type")]
    pub path: String,
    /// The program and image that it runs in; its own name where nothing is said.
    pub image: Option<String>,
    /// What others can connect to; nothing for a client.
    pub serves: Option<Serves>,
    /// The port of its probes in the lab. In a pod it is 9464 for every service.
    pub probes: u16,
    /// Its pods, where they are not as many as `serviceDefaults` has.
    pub replicas: Option<u32>,
    /// Other services of the exercise that it calls.
    #[serde(default)]
    pub calls: Vec<Call>,
    /// Whether it calls the exercise's Redis in a cluster.
    #[serde(default)]
    pub redis: bool,
    /// How the conformance image is told where it is.
    pub test: Option<TestAddress>,
    /// A line above its row in the chart's values.
    pub comment: Option<String>,
    /// Whether `kubectl attach` finds a terminal.
    #[serde(default)]
    pub interactive: bool,
    /// Settings that differ from its defaults in the lab.
    #[serde(default)]
    pub lab: BTreeMap<String, String>,
    /// Settings that differ from its defaults in a cluster.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Settings whose value is a key of the chart's Secret.
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
    /// Pages of it, for Tilt's.
    #[serde(default)]
    pub links: Vec<Link>,
    /// What the READMEs say that it answers.
    pub answers: Answers,
}

/// What a service answers to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Serves {
    /// The host name by which others find it; in lower case, its Kubernetes Service.
    pub name: String,
    /// What it speaks.
    pub protocol: Protocol,
    /// Its port in a cluster.
    pub port: u16,
    /// Its port in the lab, and on this machine when a cluster's port is forwarded.
    pub lab: u16,
    /// The port of the node by which kind maps it to this machine; none: it is not mapped.
    pub node: Option<u16>,
    /// Whether there is a second Service, with every pod's own address.
    #[serde(default)]
    pub headless: bool,
}

/// What a service speaks.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Protocol {
    Http,
    Tcp,
    Grpc,
}

/// A service that another one calls.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The service called.
    pub service: String,
    /// The setting of the caller that says where it is.
    pub setting: String,
    /// The setting's value, with `{}` for host and port.
    pub form: String,
    /// Whether the caller wants every pod's own address.
    #[serde(default)]
    pub headless: bool,
}

/// The variable of the conformance image that says where a service is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestAddress {
    /// Its name.
    pub setting: String,
    /// Its value, with `{}` for host and port.
    pub form: String,
}

/// A page of a service.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Link {
    pub path: String,
    pub text: String,
}

/// A line in both languages of the READMEs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Answers {
    pub en: String,
    pub pt: String,
}

impl Catalogue {
    /// What the `catalogue.toml` of a working copy says.
    ///
    /// # Errors
    /// If there is none, or it says what cannot work.
    pub fn read(root: &Path) -> Result<Self, Error> {
        let path = root.join("catalogue.toml");
        let text = std::fs::read_to_string(&path).map_err(|source| Error::File { path, source })?;
        Self::parse(&text)
    }

    /// The same of a text.
    ///
    /// # Errors
    /// If it says what cannot work.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let catalogue: Self = toml::from_str(text)?;
        rules::check(&catalogue)?;
        Ok(catalogue)
    }

    /// Every service with its exercise.
    pub fn services(&self) -> impl Iterator<Item = (&Exercise, &Service)> {
        self.exercises
            .iter()
            .flat_map(|exercise| std::iter::repeat(exercise).zip(&exercise.services))
    }
}

impl Exercise {
    /// Its images, each once.
    pub fn images(&self) -> Vec<&str> {
        let mut images: Vec<_> = self.services.iter().map(Service::image).collect();
        images.dedup();
        images
    }

    /// Its service of this name.
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.name == name)
    }

    /// Whether its chart has a Redis.
    pub fn redis(&self) -> bool {
        self.services.iter().any(|service| service.redis)
    }

    /// The keys of its chart's Secret.
    pub fn secrets(&self) -> Vec<&str> {
        let own = self
            .services
            .iter()
            .flat_map(|service| service.secrets.values());
        let redis = self.redis().then_some("redis-password");
        let mut keys: Vec<_> = redis.into_iter().chain(own.map(String::as_str)).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// What the conformance image is told in a cluster.
    pub fn test_variables(&self) -> Vec<(&str, String)> {
        let addresses = self.services.iter().filter_map(|service| {
            let (test, serves) = (service.test.as_ref()?, service.serves.as_ref()?);
            Some((
                test.setting.as_str(),
                test.form.replace("{}", &serves.address()),
            ))
        });
        let others = self.test.iter();
        let others = others.map(|(name, value)| (name.as_str(), value.clone()));
        addresses.chain(others).collect()
    }
}

impl Service {
    /// The program and image that it runs in.
    pub fn image(&self) -> &str {
        self.image.as_deref().unwrap_or(&self.name)
    }

    /// Its Deployment.
    pub fn deployment(&self) -> String {
        self.name.to_lowercase()
    }
}

impl Serves {
    /// Its Kubernetes Service.
    pub fn service(&self) -> String {
        self.name.to_lowercase()
    }

    /// Where it is within its namespace.
    pub fn address(&self) -> String {
        format!("{}:{}", self.service(), self.port)
    }
}

impl Protocol {
    /// Its name in a chart.
    pub fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Tcp => "tcp",
            Self::Grpc => "grpc",
        }
    }
}

impl Call {
    /// The setting's value in a cluster, where the service called has this name and serves this.
    pub fn value(&self, name: &str, serves: &Serves) -> String {
        let headless = if self.headless { "-headless" } else { "" };
        let address = format!("{name}{headless}:{}", serves.port);
        self.form.replace("{}", &address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogue() -> Catalogue {
        let text = r#"
[[exercise]]
name = "eco"
about = "an echo"
test = { ECO_TIMES = "3" }
[[exercise.service]]
name = "ecoServer"
type = "eco::Server"
image = "eco"
serves = { name = "ecoHost", protocol = "grpc", port = 7, lab = 7007, headless = true }
probes = 9001
redis = true
secrets = { B = "key-b", A = "key-a" }
test = { setting = "ECO", form = "http://{}/eco" }
answers = { en = "the same", pt = "o mesmo" }
[[exercise.service]]
name = "eco-client"
type = "eco::Client"
image = "eco"
probes = 9002
secrets = { C = "key-b" }
answers = { en = "asks", pt = "pergunta" }
calls = [
  { service = "ecoServer", setting = "ONE", form = "tcp://{}" },
  { service = "ecoServer", setting = "ALL", form = "{}", headless = true },
]
[[exercise]]
name = "outro"
about = "another"
[[exercise.service]]
name = "outro-server"
type = "outro::Server"
probes = 9003
answers = { en = "nothing", pt = "nada" }
"#;
        Catalogue::parse(text).unwrap()
    }

    #[test]
    fn each_service_comes_with_its_exercise() {
        let catalogue = catalogue();
        let names: Vec<_> = catalogue
            .services()
            .map(|(exercise, service)| (&*exercise.name, &*service.name))
            .collect();
        let expected = [
            ("eco", "ecoServer"),
            ("eco", "eco-client"),
            ("outro", "outro-server"),
        ];
        assert_eq!(names, expected);
        let eco = &catalogue.exercises[0];
        assert_eq!(eco.service("eco-client").unwrap().probes, 9002);
        assert!(eco.service("outro-server").is_none());
    }

    #[test]
    fn services_that_share_an_image_have_it_once_and_others_have_their_own() {
        let [eco, other] = &catalogue().exercises[..] else {
            panic!()
        };
        assert_eq!(eco.images(), ["eco"]);
        assert_eq!(other.images(), ["outro-server"]);
    }

    #[test]
    fn the_secret_of_a_chart_has_each_key_once_and_that_of_redis_where_there_is_one() {
        let [eco, other] = &catalogue().exercises[..] else {
            panic!()
        };
        assert_eq!(eco.secrets(), ["key-a", "key-b", "redis-password"]);
        assert!(eco.redis() && !other.redis());
        assert_eq!(other.secrets(), Vec::<&str>::new());
    }

    #[test]
    fn in_a_cluster_names_are_in_small_letters_and_callers_are_told_where_to_call() {
        let catalogue = catalogue();
        let [server, client] = &catalogue.exercises[0].services[..] else {
            panic!()
        };
        let serves = server.serves.as_ref().unwrap();
        assert_eq!(server.deployment(), "ecoserver");
        assert_eq!(serves.address(), "ecohost:7");
        let told: Vec<_> = client
            .calls
            .iter()
            .map(|call| call.value("malha-eco", serves))
            .collect();
        assert_eq!(told, ["tcp://malha-eco:7", "malha-eco-headless:7"]);
        let tested = catalogue.exercises[0].test_variables();
        let expected = [("ECO", "http://ecohost:7/eco"), ("ECO_TIMES", "3")];
        assert_eq!(
            tested,
            expected.map(|(name, value)| (name, value.to_owned()))
        );
        let names = [Protocol::Http, Protocol::Tcp, Protocol::Grpc].map(Protocol::name);
        assert_eq!(names, ["http", "tcp", "grpc"]);
    }
}
