//! What goes wrong, and when: a plan that follows from the seed alone.

use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use turmoil::Sim;

/// One thing that goes wrong, and is mended later.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// The services cannot reach each other.
    Apart,
    /// What the services send each other is held back, and then comes all at once.
    Held,
    /// One service can send to the other, but not hear it: requests arrive, answers do not.
    Deaf(&'static str, &'static str),
    /// A client and its service cannot reach each other.
    Offline(usize),
    /// A service dies, and is started again.
    Crash(&'static str),
}

/// When a fault begins and ends.
#[derive(Clone, Copy, Debug)]
struct Planned {
    from: Duration,
    to: Duration,
    fault: Fault,
}

/// The faults to come, and those that hold.
#[derive(Debug)]
pub(crate) struct Faults {
    planned: Vec<Planned>,
    holding: Vec<Planned>,
    clients: Vec<(String, &'static str)>,
    pub(crate) crashes: usize,
}

pub(crate) const SERVICES: [&str; 2] = ["servicea", "serviceb"];

impl Faults {
    /// So many faults before this time, the last of them mended soon after.
    pub(crate) fn planned(
        seed: u64,
        before: Duration,
        clients: Vec<(String, &'static str)>,
        crashes: bool,
    ) -> Self {
        let mut dice = SmallRng::seed_from_u64(seed.wrapping_mul(31).wrapping_add(7));
        let count = dice.random_range(3..9);
        let mut planned: Vec<_> = (0..count)
            .map(|_| {
                let from = before.mul_f64(dice.random_range(0.05..0.9));
                let to = from + Duration::from_millis(dice.random_range(20..1800));
                let fault = Self::pick(&mut dice, clients.len(), crashes);
                Planned { from, to, fault }
            })
            .collect();
        planned.sort_by_key(|planned| std::cmp::Reverse(planned.from));
        Self {
            planned,
            holding: Vec::new(),
            clients,
            crashes: 0,
        }
    }

    fn pick(dice: &mut SmallRng, clients: usize, crashes: bool) -> Fault {
        let service = dice.random_range(0..2);
        let (one, other) = (SERVICES[service], SERVICES[1 - service]);
        match dice.random_range(0..if crashes { 6 } else { 4 }) {
            0 => Fault::Apart,
            1 => Fault::Held,
            2 => Fault::Deaf(one, other),
            3 => Fault::Offline(dice.random_range(0..clients)),
            _ => Fault::Crash(one),
        }
    }

    /// Does what is due.
    pub(crate) fn advance(&mut self, sim: &mut Sim<'_>) {
        let now = sim.elapsed();
        while self.planned.last().is_some_and(|next| next.from <= now) {
            if let Some(next) = self.planned.pop() {
                self.begin(sim, next.fault);
                self.holding.push(next);
            }
        }
        let (over, holding) = self.holding.iter().partition(|fault| fault.to <= now);
        self.holding = holding;
        let over: Vec<Planned> = over;
        for Planned { fault, .. } in over {
            self.mend(sim, fault);
        }
    }

    fn begin(&mut self, sim: &mut Sim<'_>, fault: Fault) {
        let [a, b] = SERVICES;
        match fault {
            Fault::Apart => sim.partition(a, b),
            Fault::Held => sim.hold(a, b),
            Fault::Deaf(one, other) => sim.partition_oneway(other, one),
            Fault::Offline(client) => {
                let (client, service) = &self.clients[client];
                sim.partition(client.as_str(), *service);
            }
            Fault::Crash(service) => {
                if sim.is_host_running(service) {
                    self.crashes += 1;
                    sim.crash(service);
                }
            }
        }
    }

    fn mend(&self, sim: &mut Sim<'_>, fault: Fault) {
        let [a, b] = SERVICES;
        match fault {
            Fault::Apart => sim.repair(a, b),
            Fault::Held => sim.release(a, b),
            Fault::Deaf(one, other) => sim.repair_oneway(other, one),
            Fault::Offline(client) => {
                let (client, service) = &self.clients[client];
                sim.repair(client.as_str(), *service);
            }
            Fault::Crash(service) => {
                let still =
                    |of: &Planned| matches!(of.fault, Fault::Crash(name) if name == service);
                if !sim.is_host_running(service) && !self.holding.iter().any(still) {
                    sim.bounce(service);
                }
            }
        }
    }
}
