//! What the server and the client can be told.

use std::net::SocketAddr;
use std::time::Duration;

use runtime::Settings;
use runtime::settings::{
    CommaList, FromSetting, HOUR, MILLISECOND, SettingsError, Source, list, parse, within,
};
use runtime_tcp::{Patience, TcpClientSettings, TcpLimits};

/// The server's settings.
#[derive(Clone, Debug, clap::Args)]
pub struct ServerSettings {
    /// Address that the server listens on
    #[arg(default_value = "[::]:8080", value_parser = parse::<SocketAddr>)]
    pub listen: SocketAddr,
    /// Its limits.
    #[command(flatten)]
    pub limits: TcpLimits,
}

impl Settings for ServerSettings {}

/// The client's settings.
#[derive(Clone, Debug, clap::Args)]
pub struct ClientSettings {
    /// Flag only: a name to be greeted by, once; without it, names are read from standard input
    #[arg(value_parser = parse::<Line>)]
    name: Option<Line>,
    /// Names to be greeted by one after another, over and over, with commas between them; for use
    /// without a person
    #[arg(id = "names", default_value = "", value_parser = list::<Line>)]
    list: CommaList<Line>,
    /// Time between two of NAMES
    #[arg(default_value = "5s", value_parser = within(MILLISECOND..=HOUR))]
    interval: Duration,
    /// How many of NAMES to go through in all; 0: for ever
    #[arg(default_value = "0", value_parser = parse::<u64>)]
    count: u64,
    /// Whom it asks, and how.
    #[command(flatten)]
    pub tcp: TcpClientSettings,
    /// How long it tries.
    #[command(flatten)]
    pub patience: Patience,
    /// Where its names come from.
    #[arg(skip)]
    pub names: Names,
}

/// A name that can be sent: the server reads one line.
#[derive(Clone, Debug)]
struct Line(String);

impl FromSetting for Line {
    const EXPECTED: &'static str = "names of one line each";

    fn from_setting(text: &str) -> Option<Self> {
        (!text.contains('\n')).then(|| Self(text.to_owned()))
    }
}

/// Where the client's names come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Names {
    /// `--name`: one, once.
    One(String),
    /// Standard input, line by line to its end.
    #[default]
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
    fn finish(mut self, source: &Source) -> Result<Self, SettingsError> {
        // Then standard input says when to end, and nothing else.
        let input_is_taken = source.text("EXIT_WITH_STDIN").as_deref() == Some("true");
        let names = std::mem::take(&mut self.list.0);
        self.names = match (self.name.take(), names.is_empty()) {
            (Some(Line(name)), _) => Names::One(name),
            (None, false) => Names::List(NameList {
                names: names.into_iter().map(|Line(name)| name).collect(),
                interval: self.interval,
                count: self.count,
                with_terminal: !input_is_taken,
            }),
            (None, true) if input_is_taken => {
                let expected = "names with commas between them, as EXIT_WITH_STDIN leaves no \
                                input to read names from";
                return Err(source.refused("NAMES", expected));
            }
            (None, true) => Names::Input,
        };
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use runtime::Service;
    use runtime::settings::Inputs;

    use super::*;

    fn read<S: Service>(
        pairs: &[(&str, &str)],
        flags: &[(&str, &str)],
    ) -> Result<S::Settings, SettingsError> {
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
        runtime::settings_from::<S>(inputs)
    }

    fn client(pairs: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Names, SettingsError> {
        read::<crate::Client>(pairs, flags).map(|read| read.names)
    }

    #[test]
    fn the_defaults_of_both_programs_can_be_read() {
        let server = read::<crate::Server>(&[], &[]).unwrap();
        assert_eq!(server.listen.port(), 8080);
        let read = read::<crate::Client>(&[], &[]).unwrap();
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
    fn a_name_of_two_lines_is_refused_and_not_cut() {
        let refused = |pairs: &[(&str, &str)], flags: &[(&str, &str)]| {
            client(pairs, flags).unwrap_err().to_string()
        };
        assert_eq!(
            refused(&[], &[("name", "Ana\nRui")]),
            "NAME=\"Ana\\nRui\" (from the command line) is refused: expected names of one line each"
        );
        let error = refused(&[("NAMES", "Ana\nRui,Zoë")], &[]);
        assert!(
            error.ends_with("expected names of one line each"),
            "{error}"
        );
        assert!(client(&[("NAMES", "Ana,\n Rui\n")], &[]).is_ok());
    }

    #[test]
    fn without_names_and_without_an_input_to_read_them_from_it_does_not_start() {
        let error = client(&[("EXIT_WITH_STDIN", "true")], &[])
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("NAMES is not set"), "{error}");
    }
}
