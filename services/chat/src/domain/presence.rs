//! Who is here, at which service, as far as is known.

use std::collections::{BTreeMap, BTreeSet};

use super::{ClientId, Entry, Event, Source, Token};

/// The clients of every service.
#[derive(Clone, Debug, Default)]
pub struct Presence {
    services: BTreeMap<Token, Roster>,
    /// Those that said who is there. Of another one it is not known whether nobody is.
    whole: BTreeSet<Token>,
}

/// The clients of one service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roster {
    /// By client, how many connections it has.
    clients: BTreeMap<ClientId, usize>,
}

impl Roster {
    /// How many connections.
    pub fn count(&self) -> usize {
        self.clients
            .values()
            .fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// The clients, each once.
    pub fn clients(&self) -> impl Iterator<Item = ClientId> {
        self.clients.keys().copied()
    }

    /// The clients, each with the number of its connections.
    pub fn counts(&self) -> impl Iterator<Item = (ClientId, usize)> {
        self.clients.iter().map(|(client, count)| (*client, *count))
    }

    fn add(&mut self, client: ClientId) {
        *self.clients.entry(client).or_default() += 1;
    }

    fn remove(&mut self, client: ClientId) {
        if let Some(count) = self.clients.get_mut(&client) {
            *count -= 1;
            if *count == 0 {
                self.clients.remove(&client);
            }
        }
    }
}

impl FromIterator<(ClientId, usize)> for Roster {
    fn from_iter<I: IntoIterator<Item = (ClientId, usize)>>(clients: I) -> Self {
        let mut here = Self::default();
        for (client, count) in clients.into_iter().filter(|(_, count)| *count > 0) {
            here.clients.insert(client, count);
        }
        here
    }
}

/// Each time that a client is named it has another connection.
impl FromIterator<ClientId> for Roster {
    fn from_iter<I: IntoIterator<Item = ClientId>>(clients: I) -> Self {
        let mut here = Self::default();
        clients.into_iter().for_each(|client| here.add(client));
        here
    }
}

impl Presence {
    /// Follows what happened. `own` is the service that this log is of.
    pub fn apply(&mut self, own: &Token, entry: &Entry) {
        let service = match &entry.source {
            Source::Own { .. } => own,
            Source::Peer { origin, .. } => origin,
            // It does not say which service it is; nobody could ever clear what it said.
            Source::Original => return,
        };
        match entry.event {
            Event::Joined { client } => {
                let here = self.services.entry(service.clone()).or_default();
                here.add(client);
            }
            Event::Left { client } => {
                if let Some(here) = self.services.get_mut(service) {
                    here.remove(client);
                }
            }
            Event::Message { .. } | Event::Notice { .. } => {}
        }
    }

    /// Replaces what is known of a service as a whole. Says whether that changed anything: that
    /// nobody is there is news where nothing was known.
    pub fn replace(&mut self, service: Token, here: Roster) -> bool {
        let first = self.whole.insert(service.clone());
        let known = self.services.entry(service).or_default();
        let changed = first || *known != here;
        *known = here;
        changed
    }

    /// The clients of one service.
    pub fn roster(&self, service: &Token) -> Roster {
        self.services.get(service).cloned().unwrap_or_default()
    }

    /// By name, every service where somebody is, or of which it is known that nobody is.
    pub fn services(&self) -> impl Iterator<Item = (&Token, &Roster)> {
        let services = self.services.iter();
        services.filter(move |(name, here)| here.count() > 0 || self.whole.contains(*name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::TraceContext;

    fn client(number: i64) -> ClientId {
        ClientId::parse(&number.to_string()).unwrap()
    }

    fn entry(event: Event, source: Source) -> Entry {
        Entry {
            cursor: 1,
            id: Token::random(),
            event,
            source,
            at: 0,
            trace: TraceContext::default(),
        }
    }

    #[test]
    fn a_client_with_two_connections_is_here_until_both_are_gone() {
        let own = Token::parse("serviceA").unwrap();
        let source = || Source::Own {
            session: Token::random(),
            sequence: None,
        };
        let client = client(7);
        let mut presence = Presence::default();
        for event in [
            Event::Joined { client },
            Event::Joined { client },
            Event::Left { client },
        ] {
            presence.apply(&own, &entry(event, source()));
        }
        assert_eq!(presence.roster(&own).count(), 1);
        presence.apply(&own, &entry(Event::Left { client }, source()));
        presence.apply(&own, &entry(Event::Left { client }, source()));
        assert_eq!(presence.roster(&own).clients().count(), 0);
    }

    #[test]
    fn peers_are_known_by_their_name_and_originals_not_at_all() {
        let own = Token::parse("serviceA").unwrap();
        let peer = Source::Peer {
            origin: Token::parse("serviceB").unwrap(),
            epoch: Token::random(),
            sequence: 1,
        };
        let joined = || Event::Joined { client: client(9) };
        let mut presence = Presence::default();
        presence.apply(&own, &entry(joined(), peer));
        presence.apply(&own, &entry(joined(), Source::Original));
        let known: Vec<_> = presence
            .services()
            .map(|(name, here)| (name.to_string(), here.count()))
            .collect();
        assert_eq!(known, [("serviceB".to_owned(), 1)]);
        let service = Token::parse("serviceB").unwrap();
        assert!(presence.replace(service.clone(), Roster::default()));
        assert!(!presence.replace(service, Roster::default()));
    }

    #[test]
    fn that_nobody_is_somewhere_is_known_only_of_a_service_that_said_so() {
        let own = Token::parse("serviceA").unwrap();
        let service = Token::parse("serviceB").unwrap();
        let said = |event| {
            let source = Source::Peer {
                origin: service.clone(),
                epoch: Token::random(),
                sequence: 1,
            };
            entry(event, source)
        };
        let client = client(9);
        let mut presence = Presence::default();
        for event in [
            Event::Message {
                client,
                text: "olá".to_owned(),
            },
            Event::Left { client },
            Event::Joined { client },
            Event::Left { client },
        ] {
            let is_there = matches!(event, Event::Joined { .. });
            presence.apply(&own, &said(event));
            assert_eq!(presence.services().count(), usize::from(is_there));
        }
        assert!(presence.replace(service.clone(), Roster::default()));
        assert_eq!(presence.services().count(), 1);
        assert!(!presence.replace(service.clone(), Roster::default()));
    }

    #[test]
    fn a_roster_counts_connections_and_names_each_client_once() {
        let roster: Roster = [(client(7), 2), (client(8), 0), (client(9), 1)]
            .into_iter()
            .collect();
        assert_eq!(roster.count(), 3);
        assert_eq!(roster.clients().collect::<Vec<_>>(), [client(7), client(9)]);
        let counts: Vec<_> = roster.counts().collect();
        assert_eq!(counts, [(client(7), 2), (client(9), 1)]);
        let connections = [client(9), client(7), client(7)];
        assert_eq!(connections.into_iter().collect::<Roster>(), roster);
    }
}
