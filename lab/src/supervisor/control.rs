//! What may be done to a process from outside.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use tokio::sync::mpsc;

use crate::plan::Planned;

/// What to do with a service's process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is told to end, and stays down.
    Stop,
    /// It is started, if it is down.
    Start,
    /// It is killed.
    Kill,
    /// It does nothing any more, and its connections stay.
    Freeze,
    /// It goes on.
    Resume,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 5] = [
        Self::Stop,
        Self::Start,
        Self::Kill,
        Self::Freeze,
        Self::Resume,
    ];

    /// Its name, as the API and the command line have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Start => "start",
            Self::Kill => "kill",
            Self::Freeze => "freeze",
            Self::Resume => "resume",
        }
    }

    /// The action of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }
}

/// An action for the keeper of a process.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    Stop,
    Start,
    Kill { stays_down: bool },
    Freeze,
    Resume,
}

/// Settings by service that it gets beside its own when it is started next.
type Settings = Arc<Mutex<HashMap<String, BTreeMap<String, String>>>>;

/// Reaches the keeper of each service.
#[derive(Clone, Debug)]
pub struct Controls {
    keepers: HashMap<&'static str, mpsc::UnboundedSender<Order>>,
    settings: Settings,
}

/// The other ends, for the keepers.
#[derive(Debug, Default)]
pub struct Orders {
    orders: HashMap<&'static str, mpsc::UnboundedReceiver<Order>>,
    settings: Settings,
}

impl Controls {
    /// One for each of these services.
    pub fn of(services: impl IntoIterator<Item = &'static str>) -> (Self, Orders) {
        let (mut keepers, mut orders) = (HashMap::new(), HashMap::new());
        for service in services {
            let (sender, receiver) = mpsc::unbounded_channel();
            keepers.insert(service, sender);
            orders.insert(service, receiver);
        }
        let settings = Settings::default();
        let orders = Orders {
            orders,
            settings: Arc::clone(&settings),
        };
        (Self { keepers, settings }, orders)
    }

    /// Has a service started with these settings beside its own from now on, in the place of those
    /// that it was given so before.
    pub fn set(&self, service: &str, settings: &[(&str, &str)]) {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let settings: BTreeMap<_, _> = settings.iter().map(owned).collect();
        let mut all = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        if settings.is_empty() {
            all.remove(service);
        } else {
            all.insert(service.to_owned(), settings);
        }
    }

    /// Whether a service gets settings beside its own.
    pub fn is_set(&self, service: &str) -> bool {
        let all = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        all.contains_key(service)
    }

    /// Has it done. `stays_down` is for who is killed: it is not started again by itself.
    pub fn send(&self, service: &str, action: Action, stays_down: bool) {
        let order = match action {
            Action::Stop => Order::Stop,
            Action::Start => Order::Start,
            Action::Kill => Order::Kill { stays_down },
            Action::Freeze => Order::Freeze,
            Action::Resume => Order::Resume,
        };
        if let Some(keeper) = self.keepers.get(service) {
            // A keeper that has ended has nothing to keep: the lab is ending.
            _ = keeper.send(order);
        }
    }
}

impl Orders {
    /// Those for one service.
    pub(crate) fn take(&mut self, service: &str) -> OrdersOfOne {
        OrdersOfOne {
            orders: self.orders.remove(service),
            settings: Arc::clone(&self.settings),
        }
    }
}

/// What one keeper is told.
#[derive(Debug)]
pub(crate) struct OrdersOfOne {
    orders: Option<mpsc::UnboundedReceiver<Order>>,
    settings: Settings,
}

impl OrdersOfOne {
    /// The next order; never, where nobody can give any.
    pub(crate) async fn next(&mut self) -> Order {
        let next = match &mut self.orders {
            Some(orders) => orders.recv().await,
            None => None,
        };
        match next {
            Some(order) => order,
            None => std::future::pending().await,
        }
    }
    /// A service with the settings that it gets beside its own.
    pub(super) fn planned(&self, planned: &Planned) -> Planned {
        let mut planned = planned.clone();
        let all = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        let own = all.get(planned.name).cloned();
        planned.environment.extend(own.into_iter().flatten());
        planned
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_keeper_gets_its_own_orders_in_turn() {
        let (controls, mut orders) = Controls::of(["a", "b"]);
        let (mut a, mut b) = (orders.take("a"), orders.take("b"));
        controls.send("a", Action::Freeze, false);
        controls.send("b", Action::Kill, true);
        controls.send("a", Action::Resume, false);
        assert!(matches!(a.next().await, Order::Freeze));
        assert!(matches!(a.next().await, Order::Resume));
        assert!(matches!(b.next().await, Order::Kill { stays_down: true }));
    }

    #[test]
    fn settings_beside_a_service_s_own_hold_until_others_are_given() {
        let (controls, mut orders) = Controls::of(["a"]);
        let a = orders.take("a");
        let mut own = Planned::example("a");
        own.environment.insert("OWN".to_owned(), "1".to_owned());
        let given = || -> Vec<String> {
            let planned = a.planned(&own).environment.into_iter();
            planned.map(|(name, value)| name + "=" + &value).collect()
        };
        for (settings, expected) in [
            (&[("MODE", "x"), ("OWN", "2")][..], vec!["MODE=x", "OWN=2"]),
            (&[("OTHER", "y")], vec!["OTHER=y", "OWN=1"]),
            (&[], vec!["OWN=1"]),
        ] {
            controls.set("a", settings);
            assert_eq!(controls.is_set("a"), !settings.is_empty());
            assert_eq!(given(), expected);
        }
    }

    #[test]
    fn an_action_is_found_by_its_name() {
        for action in Action::ALL {
            assert_eq!(Action::named(action.name()), Some(action));
        }
        assert_eq!(Action::named("pause"), None);
    }
}
