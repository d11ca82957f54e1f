//! What hyper runs beside a connection, as tasks of a life.

use std::sync::Arc;

use hyper::rt::Executor;

use crate::life::Life;

/// Runs hyper's futures on a life, under no span: a connection outlasts the call that opened it.
/// hyper copies it for each call, hence the `Arc`.
#[derive(Clone, Debug)]
pub(super) struct OnLife(Arc<Life>);

impl OnLife {
    pub(super) fn new(life: &Life) -> Self {
        Self(Arc::new(life.clone()))
    }
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for OnLife {
    fn execute(&self, task: F) {
        self.0.spawn_apart(task);
    }
}
