//! The task that alone writes the journal.
//!
//! A disk may take its time. So nobody waits for it who holds the room's lock, and no thread that
//! others need. What is to be written stands in a queue, whose order is that of the log.

use std::sync::{Mutex, PoisonError};

use runtime::Lifecycle;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

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
            lifecycle.spawn_without_span(async move {
                tokio::select! {
                    biased;
                    () = aborted.aborted() => {}
                    () = task.run() => {}
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
    async fn run(mut self) {
        let mut batch = Vec::new();
        while self.jobs.recv_many(&mut batch, BATCH).await > 0 {
            let journal = &mut self.journal;
            let mut work = || batch.drain(..).for_each(|job| job(journal));
            match Handle::current().runtime_flavor() {
                // The thread's other tasks go on elsewhere meanwhile.
                RuntimeFlavor::MultiThread => tokio::task::block_in_place(work),
                _ => work(),
            }
        }
    }
}
