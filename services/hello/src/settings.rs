//! What the server and the client can be told.

use std::net::SocketAddr;
use std::time::Duration;

use runtime::Settings;
use runtime::settings::{CommaList, SettingsError, Source};
use runtime_tcp::{Patience, TcpClientSettings, TcpLimits};

/// The server's settings.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// `LISTEN`: where it listens.
    pub listen: SocketAddr,
    /// Its limits.
    pub limits: TcpLimits,
}

impl Settings for ServerSettings {
    fn read(source: &Source) -> Result<Self, SettingsError> {
        Ok(Self {
            listen: source.get("LISTEN")?,
            limits: TcpLimits::read(source)?,
        })
    }
}

/// The client's settings.
#[derive(Clone, Debug)]
pub struct ClientSettings {
    /// Whom it asks, and how.
    pub tcp: TcpClientSettings,
    /// How long it tries.
    pub patience: Patience,
    /// Where its names come from.
    pub names: Names,
}

/// Where the client's names come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Names {
    /// `--name`: one, once.
    One(String),
    /// Standard input, line by line to its end.
    Input,
    /// `NAMES`: a list, and a terminal if there is one.
    List(NameList),
}

/// Names for use without a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameList {
    /// `NAMES`: one after another, over and over.
    pub names: Vec<String>,
    /// `INTERVAL`: between two of them.
    pub interval: Duration,
    /// `COUNT`: how many in all; 0 is for ever.
    pub count: u64,
    /// Whether a terminal on standard input is read too.
    pub with_terminal: bool,
}

impl Settings for ClientSettings {
    fn read(source: &Source) -> Result<Self, SettingsError> {
        Ok(Self {
            tcp: TcpClientSettings::read(source)?,
            patience: Patience::read(source)?,
            names: names(source)?,
        })
    }
}

fn names(source: &Source) -> Result<Names, SettingsError> {
    let hour = Duration::from_hours(1);
    // Then standard input says when to end, and nothing else.
    let input_is_taken: bool = source.get("EXIT_WITH_STDIN")?;
    let CommaList(names) = source.get_optional("NAMES")?.unwrap_or_default();
    let list = NameList {
        names,
        interval: source.get_within("INTERVAL", Duration::from_millis(1)..=hour)?,
        count: source.get("COUNT")?,
        with_terminal: !input_is_taken,
    };
    if let Some(name) = source.get_optional("NAME")? {
        return Ok(Names::One(name));
    }
    match (list.names.is_empty(), input_is_taken) {
        (false, _) => Ok(Names::List(list)),
        (true, false) => Ok(Names::Input),
        (true, true) => {
            let expected = "names with commas between them, as EXIT_WITH_STDIN leaves no input \
                            to read names from";
            Err(SettingsError::Missing {
                name: "NAMES".to_owned(),
                expected: expected.to_owned(),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use runtime::Service;
    use runtime::settings::Inputs;

    use super::*;

    fn source<S: Service>(pairs: &[(&str, &str)], flags: &[(&str, &str)]) -> Source {
        let map = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect()
        };
        let inputs = Inputs {
            environment: map(pairs),
            flags: map(flags),
        };
        Source::load(S::DEFAULTS, inputs).unwrap()
    }

    fn client(pairs: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Names, SettingsError> {
        ClientSettings::read(&source::<crate::Client>(pairs, flags)).map(|read| read.names)
    }

    #[test]
    fn the_defaults_of_both_programs_can_be_read() {
        let server = ServerSettings::read(&source::<crate::Server>(&[], &[])).unwrap();
        assert_eq!(server.listen.port(), 8080);
        let read = ClientSettings::read(&source::<crate::Client>(&[], &[])).unwrap();
        assert_eq!(read.tcp.server.to_string(), "server:8080");
        assert_eq!(read.names, Names::Input);
    }

    #[test]
    fn a_name_wins_over_a_list_and_a_list_over_the_input() {
        let names = ("NAMES", "Ana, João ,李小龙");
        let Names::List(list) = client(&[names], &[]).unwrap() else {
            panic!("no list")
        };
        assert_eq!(list.names, ["Ana", "João", "李小龙"]);
        let one = client(&[names], &[("name", "Rui")]).unwrap();
        assert_eq!(one, Names::One("Rui".to_owned()));
    }

    #[test]
    fn without_names_and_without_an_input_to_read_them_from_it_does_not_start() {
        let error = client(&[("EXIT_WITH_STDIN", "true")], &[])
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("NAMES is not set"), "{error}");
    }
}
