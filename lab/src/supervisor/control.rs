//! What may be done to a process from outside.

use std::collections::HashMap;

use serde::Serialize;
use tokio::sync::mpsc;

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
pub(super) enum Order {
    Stop,
    Start,
    Kill { stays_down: bool },
    Freeze,
    Resume,
}

/// Reaches the keeper of each service.
#[derive(Clone, Debug)]
pub struct Controls(HashMap<&'static str, mpsc::UnboundedSender<Order>>);

/// The other ends, for the keepers.
#[derive(Debug, Default)]
pub struct Orders(HashMap<&'static str, mpsc::UnboundedReceiver<Order>>);

impl Controls {
    /// One for each of these services.
    pub fn of(services: impl IntoIterator<Item = &'static str>) -> (Self, Orders) {
        let (mut controls, mut orders) = (HashMap::new(), HashMap::new());
        for service in services {
            let (sender, receiver) = mpsc::unbounded_channel();
            controls.insert(service, sender);
            orders.insert(service, receiver);
        }
        (Self(controls), Orders(orders))
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
        if let Some(keeper) = self.0.get(service) {
            // A keeper that has ended has nothing to keep: the lab is ending.
            _ = keeper.send(order);
        }
    }
}

impl Orders {
    /// Those for one service.
    pub(super) fn take(&mut self, service: &str) -> OrdersOfOne {
        OrdersOfOne(self.0.remove(service))
    }
}

/// What one keeper is told.
#[derive(Debug)]
pub(super) struct OrdersOfOne(Option<mpsc::UnboundedReceiver<Order>>);

impl OrdersOfOne {
    /// The next order; never, where nobody can give any.
    pub(super) async fn next(&mut self) -> Order {
        let next = match &mut self.0 {
            Some(orders) => orders.recv().await,
            None => None,
        };
        match next {
            Some(order) => order,
            None => std::future::pending().await,
        }
    }
}
