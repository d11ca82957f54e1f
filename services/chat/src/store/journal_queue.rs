//! The task that alone writes the journal.
//!
//! A disk may take its time. So nobody waits for it who holds the room's lock, and no thread that
//! others need. What is to be written stands in a queue, whose order is that of the log.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use runtime::Lifecycle;
use runtime::readiness::Dependency;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use super::journal::Journal;

/// Something to do with the journal, which nobody else has meanwhile.
type Job = Box<dyn FnOnce(&mut Journal) + Send>;

/// What waits for the journal. Each session and each relayed request waits for one job of its own,
/// so their limits are the queue's.
#[derive(Debug)]
pub(crate) struct JournalQueue {
    jobs: UnboundedSender<Job>,
    /// Until it is started.
    task: Mutex<Option<Task>>,
}

#[derive(Debug)]
struct Task {
    journal: Journal,
    jobs: UnboundedReceiver<Job>,
}

/// Between two looks at a disk that takes nothing, where nobody else tries.
const LOOK: Duration = Duration::from_secs(1);

/// At most so many jobs are done before other tasks may run.
const BATCH: usize = 64;

impl JournalQueue {
    pub(crate) fn new(journal: Journal) -> Self {
        let (sender, jobs) = unbounded_channel();
        Self {
            jobs: sender,
            task: Mutex::new(Some(Task { journal, jobs })),
        }
    }

    /// Works until the queue is dropped and empty, or everything is aborted.
    pub(crate) fn start(&self, lifecycle: &Lifecycle) {
        let task = self
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(task) = task {
            let aborted = lifecycle.clone();
            let disk = lifecycle.readiness().require("disk");
            disk.ready();
            lifecycle.spawn_without_span(async move {
                tokio::select! {
                    biased;
                    () = aborted.aborted() => {}
                    () = task.run(&disk) => {}
                }
            });
        }
    }

    /// Adds a job. It is dropped where the task has ended.
    pub(crate) fn submit(&self, job: impl FnOnce(&mut Journal) + Send + 'static) {
        // Whoever waits for the job sees that it is dropped.
        let _ = self.jobs.send(Box::new(job));
    }
}

impl Task {
    async fn run(mut self, disk: &Dependency) {
        let mut batch = Vec::new();
        loop {
            let failed = self.journal.failure().is_some();
            let next = self.jobs.recv_many(&mut batch, BATCH);
            // Who is not ready is asked nothing, and would never learn that it is again.
            let next = if failed {
                timeout(LOOK, next).await.ok()
            } else {
                Some(next.await)
            };
            let journal = &mut self.journal;
            match next {
                Some(0) => return,
                Some(_) => blocking(|| batch.drain(..).for_each(|job| job(journal))),
                None => blocking(|| journal.look()),
            }
            match journal.failure() {
                Some(reason) => disk.not_ready(format!("OUTBOX_DIR takes no writes: {reason}")),
                None if failed => disk.ready(),
                None => {}
            }
        }
    }
}

/// Does what may take its time.
fn blocking(mut work: impl FnMut()) {
    match Handle::current().runtime_flavor() {
        // The thread's other tasks go on elsewhere meanwhile.
        RuntimeFlavor::MultiThread => tokio::task::block_in_place(work),
        _ => work(),
    }
}
