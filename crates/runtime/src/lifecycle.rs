//! What a running service is handed, and the stages of its end.

mod stage;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::task::TaskTracker;

use crate::liveness::Liveness;
use crate::memory::MemoryBudget;
use crate::metrics::Metrics;
use crate::readiness::Readiness;
use crate::trace::Instrument;
use stage::Stage;
pub use stage::StageReached;

/// The stages of one service: cheap to clone, shared by everything that runs in it.
///
/// It ends in stages. *Draining*: the service is told to end and no longer ready, yet serves what
/// arrives while load balancers take it out. *Stopping*: nothing new is accepted, what runs is
/// finished. *Aborted*: the deadline has passed, what still runs is dropped.
#[derive(Clone, Debug)]
pub struct Lifecycle(Arc<LifecycleInner>);

#[derive(Debug)]
struct LifecycleInner {
    stages: Stages,
    tasks: TaskTracker,
    readiness: Readiness,
    liveness: Liveness,
    metrics: Metrics,
    memory: MemoryBudget,
}

#[derive(Debug, Default)]
struct Stages {
    draining: Stage,
    stopping: Stage,
    aborted: Stage,
}

impl Lifecycle {
    /// A lifecycle at its beginning.
    pub fn new(metrics: Metrics) -> Self {
        Self::with_memory(metrics, MemoryBudget::default())
    }

    /// The same with this much memory for connections and requests.
    pub fn with_memory(metrics: Metrics, memory: MemoryBudget) -> Self {
        Self(Arc::new(LifecycleInner {
            stages: Stages::default(),
            tasks: TaskTracker::new(),
            readiness: Readiness::default(),
            liveness: Liveness::default(),
            metrics,
            memory,
        }))
    }

    /// A new lifecycle with the same metrics and memory that nobody ends: what runs on it goes with the process.
    ///
    /// For what others still need while this service drains.
    #[must_use]
    pub fn detached(&self) -> Self {
        Self::with_memory(self.0.metrics.clone(), self.0.memory.clone())
    }

    /// Whether work should be sent here, and the dependencies that decide it.
    pub fn readiness(&self) -> &Readiness {
        &self.0.readiness
    }

    /// Whether the loops of this process still move.
    pub fn liveness(&self) -> &Liveness {
        &self.0.liveness
    }

    /// The metrics of this service.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// The memory that its connections and requests share.
    pub fn memory(&self) -> &MemoryBudget {
        &self.0.memory
    }

    /// Runs a task that the drain waits for, under the current span.
    pub fn spawn<F>(&self, task: F) -> tokio::task::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawn_without_span(task.in_current_span())
    }

    /// Like [`spawn`](Self::spawn), without the current span: for what outlasts the request that began it.
    #[expect(clippy::disallowed_methods, reason = "this is the one tracked spawn")]
    pub fn spawn_without_span<F>(&self, task: F) -> tokio::task::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        tokio::spawn(self.0.tasks.track_future(task))
    }

    /// Waits until the service is told to end.
    pub fn draining(&self) -> StageReached<'_> {
        self.0.stages.draining.reached()
    }

    /// Whether the service was told to end.
    pub fn is_draining(&self) -> bool {
        self.0.stages.draining.is_reached()
    }

    /// Waits until nothing new may be accepted.
    pub fn stopping(&self) -> StageReached<'_> {
        self.0.stages.stopping.reached()
    }

    /// Waits until the deadline has passed and what still runs must be dropped.
    pub fn aborted(&self) -> StageReached<'_> {
        self.0.stages.aborted.reached()
    }

    /// First stage: not ready any more, still serving.
    pub fn drain(&self) {
        self.0.readiness.drain();
        self.0.stages.draining.reach();
    }

    /// Second stage: nothing new.
    pub fn stop(&self) {
        self.drain();
        self.0.stages.stopping.reach();
        self.0.tasks.close();
    }

    /// Waits until every tracked task has ended, at most this long; then aborts what is left.
    ///
    /// Returns how many tasks were aborted.
    pub async fn finish(&self, deadline: Duration) -> usize {
        self.stop();
        if tokio::time::timeout(deadline, self.0.tasks.wait())
            .await
            .is_ok()
        {
            return 0;
        }
        let left = self.0.tasks.len();
        self.0.stages.aborted.reach();
        // Tasks that heed the abort end within a turn of the scheduler; the rest ends with the process.
        let _ = tokio::time::timeout(ABORT_GRACE, self.0.tasks.wait()).await;
        left
    }
}

/// How long the tasks that heed the abort get to end their spans.
const ABORT_GRACE: Duration = Duration::from_millis(500);
