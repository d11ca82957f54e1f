//! What hyper runs beside a connection, as tasks of a life.

use hyper::rt::Executor;

use crate::life::Life;

/// Runs hyper's futures on a life, under no span: a connection outlasts the call that opened it.
#[derive(Clone, Debug)]
pub(super) struct OnLife(pub(super) Life);

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for OnLife {
    fn execute(&self, task: F) {
        self.0.spawn_apart(task);
    }
}
