//! Who is asked for descriptors, how often, and what came of it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use runtime::Lifecycle;
use serde::Serialize;
use tokio::sync::{Semaphore, mpsc};
use wire::{Descriptors, Message};

use super::reflection::{self, ReflectionError};

/// What became of the question for the descriptors of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub(super) enum Learning {
    /// The server is being asked.
    Asking,
    /// It has told them.
    Learnt,
    /// It has not.
    Failed { why: String },
}

/// A service of a server that is not known from the start.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Foreign {
    /// The server's own address.
    pub(super) server: Arc<str>,
    pub(super) service: String,
}

/// A question that was answered.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) of: Foreign,
    pub(super) learning: Learning,
}

/// Asks servers for what they speak.
#[derive(Debug)]
pub(super) struct Learner {
    known: Descriptors,
    /// What was learnt of each server.
    servers: HashMap<Arc<str>, Descriptors>,
    asked: HashMap<Foreign, Asked>,
    answers: mpsc::UnboundedSender<Answered>,
    at_once: Arc<Semaphore>,
    lifecycle: Lifecycle,
}

#[derive(Debug)]
struct Asked {
    at: Instant,
    learning: Learning,
}

/// A server may have been started again, with other descriptors: a connection opened so long after
/// it was asked is a reason to ask again.
const AGAIN_AFTER: Duration = Duration::from_secs(30);

/// Services and servers that are remembered: whoever makes names up is not asked about them all.
const MOST: usize = 64;

/// Questions at the same time.
const AT_ONCE: usize = 2;

impl Learner {
    /// One that knows these from the start, and where its answers come.
    pub(super) fn new(
        known: Descriptors,
        lifecycle: &Lifecycle,
    ) -> (Self, mpsc::UnboundedReceiver<Answered>) {
        let (answers, answered) = mpsc::unbounded_channel();
        let learner = Self {
            known,
            servers: HashMap::new(),
            asked: HashMap::new(),
            answers,
            at_once: Arc::new(Semaphore::new(AT_ONCE)),
            lifecycle: lifecycle.clone(),
        };
        (learner, answered)
    }

    /// What a server speaks. What is learnt of it later is in it, too.
    pub(super) fn descriptors(&mut self, server: &Arc<str>) -> Descriptors {
        if let Some(known) = self.servers.get(server) {
            return known.clone();
        }
        let new = self.known.given();
        if self.servers.len() < MOST {
            self.servers.insert(Arc::clone(server), new.clone());
        }
        new
    }

    /// Says what is known of the call that a message belongs to; asks its server where nothing is.
    /// `opened` is when its connection was.
    pub(super) fn look(
        &mut self,
        message: &Message,
        server: &Arc<str>,
        opened: Instant,
    ) -> Option<(Foreign, Learning)> {
        let call = message.call.as_ref()?;
        let of = Foreign {
            server: Arc::clone(server),
            service: call.service.clone(),
        };
        let before = self.asked.get(&of);
        let is_stale =
            before.is_some_and(|asked| opened.saturating_duration_since(asked.at) > AGAIN_AFTER);
        if (before.is_none() && self.asked.len() < MOST) || is_stale {
            let asked = Asked {
                at: Instant::now(),
                // Until it has answered anew, what it said before holds.
                learning: if call.is_known {
                    Learning::Learnt
                } else {
                    Learning::Asking
                },
            };
            self.asked.insert(of.clone(), asked);
            self.ask(of.clone());
        }
        let learning = match self.asked.get(&of) {
            _ if call.is_known => Learning::Learnt,
            Some(asked) => asked.learning.clone(),
            None => Learning::Failed {
                why: format!("too many services were asked about already: {MOST}"),
            },
        };
        Some((of, learning))
    }

    /// Takes an answer down.
    pub(super) fn take(&mut self, answered: &Answered) {
        if let Some(asked) = self.asked.get_mut(&answered.of) {
            asked.learning = answered.learning.clone();
        }
    }

    /// Asks in a task of its own: a server that is slow, or that says what makes it fail, holds
    /// nobody up.
    fn ask(&mut self, of: Foreign) {
        let descriptors = self.descriptors(&of.server);
        let (answers, at_once) = (self.answers.clone(), Arc::clone(&self.at_once));
        let (asked, lifecycle) = (of.clone(), self.lifecycle.clone());
        let task = self.lifecycle.spawn_without_span(async move {
            let Ok(_place) = at_once.acquire().await else {
                return Ok(());
            };
            tokio::select! {
                learnt = learn(&asked, &descriptors) => learnt,
                () = lifecycle.stopping() => Ok(()),
            }
        });
        self.lifecycle.spawn_without_span(async move {
            let learning = match task.await {
                Ok(Ok(())) => Learning::Learnt,
                Ok(Err(error)) => Learning::Failed {
                    why: error.to_string(),
                },
                Err(_) => Learning::Failed {
                    why: format!("what {} says of itself cannot be read", of.server),
                },
            };
            // The decoder ends with the lab.
            _ = answers.send(Answered { of, learning });
        });
    }
}

async fn learn(of: &Foreign, descriptors: &Descriptors) -> Result<(), ReflectionError> {
    let files = reflection::ask(&of.server, &of.service, reflection::PATIENCE).await?;
    descriptors
        .learn(&of.service, &files)
        .map_err(|why| ReflectionError::Nonsense {
            server: of.server.to_string(),
            service: of.service.clone(),
            why,
        })
}

#[cfg(test)]
mod tests {
    use testing::TestLifecycle;

    use super::super::fixture::call;
    use super::*;

    /// Nobody listens there.
    fn server() -> Arc<str> {
        "127.0.0.1:1".into()
    }

    #[tokio::test]
    async fn a_server_is_asked_once_and_what_it_says_holds_until_it_may_be_another() {
        let lifecycle = TestLifecycle::default();
        let known = Descriptors::default();
        let (mut learner, mut answers) = Learner::new(known, lifecycle.lifecycle());
        let message = call("loja.Pedidos");
        let began = Instant::now();
        for _ in 0..2 {
            let (of, learning) = learner.look(&message, &server(), began).unwrap();
            assert_eq!((&*of.service, learning), ("loja.Pedidos", Learning::Asking));
        }
        let answered = answers.recv().await.unwrap();
        assert!(answers.try_recv().is_err(), "one question, one answer");
        let Learning::Failed { why } = &answered.learning else {
            panic!("{answered:?}")
        };
        assert!(why.contains("127.0.0.1:1"), "{why}");
        learner.take(&answered);
        let asked = learner.asked[&answered.of].at;
        let mut look = |opened| learner.look(&message, &server(), opened).unwrap().1;
        assert_eq!(look(asked + AGAIN_AFTER), answered.learning);
        let later = asked + AGAIN_AFTER + Duration::from_millis(1);
        assert_eq!(look(later), Learning::Asking);
        assert!(answers.recv().await.is_some());
    }

    #[tokio::test]
    async fn what_is_known_is_known_while_it_is_asked_for_anew() {
        let lifecycle = TestLifecycle::default();
        let known = Descriptors::default();
        let (mut learner, _answers) = Learner::new(known, lifecycle.lifecycle());
        let mut message = call("loja.Pedidos");
        message.call.as_mut().unwrap().is_known = true;
        for _ in 0..2 {
            let (_, learning) = learner.look(&message, &server(), Instant::now()).unwrap();
            assert_eq!(learning, Learning::Learnt);
        }
        let mut other = call("loja.Clientes");
        for (is_known, expected) in [(false, Learning::Asking), (true, Learning::Learnt)] {
            other.call.as_mut().unwrap().is_known = is_known;
            let (_, learning) = learner.look(&other, &server(), Instant::now()).unwrap();
            assert_eq!(learning, expected);
        }
        message.call = None;
        assert_eq!(learner.look(&message, &server(), Instant::now()), None);
    }

    #[tokio::test]
    async fn whoever_makes_names_up_is_not_asked_about_them_all() {
        let lifecycle = TestLifecycle::default();
        let known = Descriptors::default();
        let (mut learner, _answers) = Learner::new(known, lifecycle.lifecycle());
        for number in 0..=MOST {
            let message = call(&format!("Nome{number}"));
            let (_, learning) = learner.look(&message, &server(), Instant::now()).unwrap();
            assert_eq!(learning == Learning::Asking, number < MOST, "{number}");
            learner.descriptors(&format!("nome{number}:1").into());
        }
        assert_eq!((learner.asked.len(), learner.servers.len()), (MOST, MOST));
    }
}
