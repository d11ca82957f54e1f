//! Where the exercises and Jaeger are.

use url::Url;

/// The addresses that journeys use. An exercise without one is not looked at.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// `DESAFIO1_URL`: the server of desafio1.
    pub desafio1: Option<Url>,
    /// `HELLO_ADDRESS`: the server of hello, as `host:port`.
    pub hello: Option<String>,
    /// `USUARIOS_URL`: the gateway of grpc.
    pub usuarios: Option<Url>,
    /// `USUARIOS_GRPC_URL`: the server of grpc.
    pub usuarios_grpc: Option<Url>,
    /// `USUARIOS_STORE`: `redis` where users are kept there, so that traces must show it.
    pub usuarios_store: Option<String>,
    /// `CHAT_A_URL`: serviceA.
    pub chat_a: Option<Url>,
    /// `CHAT_B_URL`: serviceB.
    pub chat_b: Option<Url>,
    /// `SOCKETS_ADDRESS`: the server of sockets, as `host:port`.
    pub sockets: Option<String>,
    /// `JAEGER_URL`: Jaeger's query API, or the lab's page.
    pub jaeger: Option<Url>,
}

/// The address that a URL names, as `host:port`; none of a URL that names no host.
#[must_use]
pub fn address(url: &Url) -> Option<String> {
    Some(format!("{}:{}", url.host()?, url.port_or_known_default()?))
}

impl Target {
    /// Whether an exercise has an address.
    pub fn has(&self, exercise: &str) -> bool {
        match exercise {
            "desafio1" => self.desafio1.is_some(),
            "hello" => self.hello.is_some(),
            "grpc" => self.usuarios.is_some(),
            "chat" => self.chat_a.is_some(),
            "sockets" => self.sockets.is_some(),
            _ => false,
        }
    }

    /// Where connections go, as `host:port`.
    pub fn addresses(&self) -> Vec<String> {
        let urls = [
            &self.desafio1,
            &self.usuarios,
            &self.usuarios_grpc,
            &self.chat_a,
            &self.chat_b,
            &self.jaeger,
        ];
        let of_urls = urls.into_iter().flatten().filter_map(address);
        of_urls
            .chain(self.hello.clone())
            .chain(self.sockets.clone())
            .collect()
    }

    /// Reads the addresses from variables of the environment.
    ///
    /// # Errors
    /// Names the variable whose value is no URL.
    pub fn from_variables(read: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let url = |name: &str| {
            match read(name).filter(|value| !value.is_empty()) {
            None => Ok(None),
            Some(value) => value.parse().map(Some).map_err(|error| {
                format!("{name}={value:?} is refused: expected a URL such as http://servidor:8080/ ({error})")
            }),
        }
        };
        let text = |name: &str| read(name).filter(|value| !value.is_empty());
        Ok(Self {
            desafio1: url("DESAFIO1_URL")?,
            hello: text("HELLO_ADDRESS"),
            usuarios: url("USUARIOS_URL")?,
            usuarios_grpc: url("USUARIOS_GRPC_URL")?,
            usuarios_store: text("USUARIOS_STORE"),
            chat_a: url("CHAT_A_URL")?,
            chat_b: url("CHAT_B_URL")?,
            sockets: text("SOCKETS_ADDRESS"),
            jaeger: url("JAEGER_URL")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journeys;

    #[test]
    fn every_exercise_with_a_journey_can_have_an_address() {
        let all = Target::from_variables(|_| Some("http://here:1/".to_owned())).unwrap();
        for journey in journeys::all() {
            assert!(all.has(journey.exercise), "{}", journey.exercise);
            assert!(!Target::default().has(journey.exercise));
        }
    }

    #[test]
    fn every_address_has_a_port() {
        let variables = [
            ("CHAT_A_URL", "http://servicea:8000/"),
            ("USUARIOS_URL", "http://[::1]/"),
            ("HELLO_ADDRESS", "server:8082"),
        ];
        let read = |name: &str| {
            let (_, value) = variables.iter().find(|(variable, _)| *variable == name)?;
            Some((*value).to_owned())
        };
        let target = Target::from_variables(read).unwrap();
        let addresses = ["[::1]:80", "servicea:8000", "server:8082"];
        assert_eq!(target.addresses(), addresses);
    }

    #[test]
    fn an_empty_variable_is_no_address_and_a_wrong_one_is_named() {
        let target = Target::from_variables(|_| Some(String::new())).unwrap();
        assert!(target.desafio1.is_none() && target.jaeger.is_none());
        let error = Target::from_variables(|_| Some("here".to_owned())).unwrap_err();
        assert!(error.starts_with("DESAFIO1_URL=\"here\""), "{error}");
    }
}
