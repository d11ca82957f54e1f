//! Who uses an exercise while it is broken: calls at a steady pace, each noted.

mod calls;
mod chat;
mod printed;
mod users;

pub(crate) use calls::{Calls, MESSAGE};
pub(crate) use chat::Chat;
pub(crate) use printed::Printed;
pub(crate) use users::{Front, Users, client};

use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::tally::Tally;

/// A load on one exercise.
pub(crate) enum Load {
    Calls(Calls),
    Users(Users),
    Chat(Chat),
    Printed(Printed),
}

/// What is found when all is over.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Acknowledged, and not there.
    pub(crate) lost: u64,
    /// There more often than it was asked for.
    pub(crate) doubled: u64,
    pub(crate) notes: Vec<String>,
    pub(crate) broken: Vec<String>,
}

/// How fast a load is, over all of its workers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) workers: u32,
    /// Tries a second.
    pub(crate) rate: u32,
    /// No call is waited for longer than this.
    pub(crate) deadline: Duration,
}

/// Nothing is tried for longer than this before it counts as failed for good.
pub(crate) const PATIENCE: Duration = Duration::from_secs(45);

impl Pace {
    /// Ticks once for each try of one worker; one that is late moves the others.
    pub(crate) fn ticks(self) -> Interval {
        let mut ticks = interval(Duration::from_secs(1) * self.workers / self.rate.max(1));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks
    }
}

impl Load {
    /// Goes on until it is told that it is enough, then looks at what is there.
    pub(crate) async fn run(&self, tally: &Tally, pace: Pace) -> anyhow::Result<Found> {
        match self {
            Self::Calls(calls) => {
                calls.run(tally, pace).await;
                Ok(Found::default())
            }
            Self::Users(users) => users.run(tally, pace).await,
            Self::Chat(chat) => chat.run(tally, pace).await,
            Self::Printed(printed) => {
                printed.run(tally).await;
                Ok(Found::default())
            }
        }
    }
}
