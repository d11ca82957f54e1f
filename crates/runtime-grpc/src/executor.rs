//! Runs hyper's background tasks as tasks of a lifecycle.

use hyper::rt::Executor;

use runtime::Lifecycle;

/// Runs hyper's futures on a lifecycle, under no span: a connection outlasts the call that opened it.
#[derive(Clone, Debug)]
pub(super) struct LifecycleExecutor(pub(super) Lifecycle);

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for LifecycleExecutor {
    fn execute(&self, task: F) {
        // In a box: it is large, and becoming a task moves it several times.
        self.0.spawn_without_span(Box::pin(task));
    }
}
