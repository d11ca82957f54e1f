//! Gives a lesson, step by step, and puts everything back at its end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use runtime::Lifecycle;
use runtime::settings::nearest;
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::lesson::{Lesson, LessonAction, Step};
use super::table;
use crate::clock::now_millis;
use crate::faults::Board;
use crate::faults::board::BoardError;
use crate::links::wiring::REDIS;
use crate::supervisor::control::{Action, Controls};
use crate::supervisor::status::{Entry, State, StatusRegistry};

/// The lesson that is given now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Running {
    /// Which.
    pub id: &'static str,
    /// The index of its step.
    pub step: usize,
    /// Since when the step lasts, in milliseconds since 1970.
    pub since: u64,
    /// When the next one begins by itself.
    pub until: u64,
}

/// Why a lesson is not given.
#[derive(Debug, thiserror::Error)]
pub enum LessonError {
    /// No lesson of this name.
    #[error("no lesson is called {name:?}; {near}")]
    NoLesson {
        /// The name.
        name: String,
        /// The nearest that are.
        near: String,
    },
    /// One at a time.
    #[error("the lesson {0} is being given; it has to end first (malha lesson stop)")]
    Busy(&'static str),
    /// Nothing goes on.
    #[error("no lesson is being given; malha lesson NAME begins one")]
    NoneRuns,
    /// The lab lacks something that it needs.
    #[error("{0}")]
    Lacks(String),
    /// It was ended before it came to this.
    #[error("the lesson was ended meanwhile")]
    Ended,
    /// Something cannot be broken or mended.
    #[error(transparent)]
    Board(#[from] BoardError),
}

impl LessonError {
    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NoLesson { .. } => StatusCode::NOT_FOUND,
            Self::Board(error) => error.status(),
            Self::Busy(_) | Self::NoneRuns | Self::Lacks(_) | Self::Ended => StatusCode::CONFLICT,
        }
    }
}

/// Who gives the lessons, one at a time. Clones are the same one.
#[derive(Clone, Debug)]
pub struct LessonRunner(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    board: Board,
    controls: Controls,
    registry: StatusRegistry,
    lifecycle: Lifecycle,
    state: Mutex<RunnerState>,
}

#[derive(Debug, Default)]
struct RunnerState {
    active: Option<ActiveRun>,
    /// Why the last one ended before its time.
    trouble: Option<String>,
}

/// A lesson under way, from outside.
#[derive(Debug)]
struct ActiveRun {
    running: Running,
    go_on: mpsc::UnboundedSender<Waiting>,
    stop: CancellationToken,
    over: CancellationToken,
}

/// The same, from inside.
struct RunHandle {
    go_on: mpsc::UnboundedReceiver<Waiting>,
    stop: CancellationToken,
    over: CancellationToken,
    /// Who waits until this step has begun.
    waiting: Option<Waiting>,
}

type Waiting = oneshot::Sender<Result<(), LessonError>>;

/// How long a process may take to do as it is told before the lesson goes on without it.
const PATIENCE: Duration = Duration::from_secs(20);

impl LessonRunner {
    /// Gives no lesson yet.
    pub fn new(
        board: Board,
        controls: Controls,
        registry: &StatusRegistry,
        lifecycle: &Lifecycle,
    ) -> Self {
        Self(Arc::new(Inner {
            board,
            controls,
            registry: registry.clone(),
            lifecycle: lifecycle.clone(),
            state: Mutex::default(),
        }))
    }

    /// The lesson that is given now.
    pub fn running(&self) -> Option<Running> {
        let state = self.lock();
        state.active.as_ref().map(|active| active.running.clone())
    }

    /// Why the last lesson ended before its time, if it did.
    pub fn trouble(&self) -> Option<String> {
        self.lock().trouble.clone()
    }

    /// What this lab lacks for a lesson.
    pub fn lacks(&self, lesson: &Lesson) -> Option<String> {
        lesson.actions().find_map(|action| match *action {
            LessonAction::Break(link, _) | LessonAction::Mend(link) => {
                self.lacks_link(lesson, link)
            }
            LessonAction::Process(_, service) | LessonAction::Restart(service, _) => {
                let entry = self.0.registry.entry(service);
                let is_here = entry.is_some_and(|entry| entry.state != State::Absent);
                (!is_here).then(|| format!("this lab runs without {service}"))
            }
        })
    }

    fn lacks_link(&self, lesson: &Lesson, link: &str) -> Option<String> {
        let Some(links) = self.0.board.links() else {
            return Some(BoardError::Off.to_string());
        };
        if links.links().get(link).is_ok() {
            return None;
        }
        Some(if link.ends_with(&format!("-to-{REDIS}")) {
            "this lab keeps its users in memory; start it with \
             GRPC_SERVIDOR_REDIS_URL=redis://localhost:6379"
                .to_owned()
        } else {
            format!("this lab runs without {}", lesson.exercise)
        })
    }

    /// Begins a lesson. Returns once its first step has begun.
    pub async fn start(&self, id: &str) -> Result<Running, LessonError> {
        let Some(lesson) = table::lesson(id) else {
            return Err(LessonError::NoLesson {
                name: id.to_owned(),
                near: near(id),
            });
        };
        if let Some(lacks) = self.lacks(lesson) {
            return Err(LessonError::Lacks(lacks));
        }
        let (waiting, begun) = oneshot::channel();
        let run = self.take(lesson, waiting)?;
        let own = self.clone();
        self.0
            .lifecycle
            .spawn(async move { own.give(lesson, run).await });
        self.begun(begun).await?.ok_or(LessonError::Ended)
    }

    /// Goes on to the next step. Returns once it has begun, or everything is put back.
    pub async fn go_on(&self) -> Result<Option<Running>, LessonError> {
        let (waiting, begun) = oneshot::channel();
        let sent = match &self.lock().active {
            Some(active) => active.go_on.send(waiting).is_ok(),
            None => false,
        };
        if !sent {
            return Err(LessonError::NoneRuns);
        }
        self.begun(begun).await
    }

    /// Ends the lesson, if there is one. Returns once everything is put back.
    pub async fn stop(&self) {
        let over = {
            let state = self.lock();
            let Some(active) = &state.active else { return };
            active.stop.cancel();
            active.over.clone()
        };
        over.cancelled().await;
    }

    /// Nobody else gives a lesson from now on.
    fn take(&self, lesson: &'static Lesson, waiting: Waiting) -> Result<RunHandle, LessonError> {
        let mut state = self.lock();
        if let Some(active) = &state.active {
            return Err(LessonError::Busy(active.running.id));
        }
        let (go_on, orders) = mpsc::unbounded_channel();
        let (stop, over) = (CancellationToken::new(), CancellationToken::new());
        *state = RunnerState {
            active: Some(ActiveRun {
                running: at(lesson, 0, 0),
                go_on,
                stop: stop.clone(),
                over: over.clone(),
            }),
            trouble: None,
        };
        Ok(RunHandle {
            go_on: orders,
            stop,
            over,
            waiting: Some(waiting),
        })
    }

    async fn begun(
        &self,
        begun: oneshot::Receiver<Result<(), LessonError>>,
    ) -> Result<Option<Running>, LessonError> {
        begun.await.unwrap_or(Err(LessonError::Ended))?;
        Ok(self.running())
    }

    async fn give(self, lesson: &'static Lesson, mut run: RunHandle) {
        let outcome = self.steps(lesson, &mut run).await;
        self.put_back(lesson).await;
        let trouble = outcome.as_ref().err().map(ToString::to_string);
        if let Some(error) = &trouble {
            tracing::warn!(error, lesson = lesson.id, "a lesson ended before its time");
        }
        *self.lock() = RunnerState {
            active: None,
            trouble,
        };
        if let Some(waiting) = run.waiting.take() {
            _ = waiting.send(outcome);
        }
        run.over.cancel();
    }

    async fn steps(&self, lesson: &'static Lesson, run: &mut RunHandle) -> Result<(), LessonError> {
        for (number, step) in lesson.steps.iter().enumerate() {
            for action in step.actions {
                self.perform(action, step, &run.stop).await?;
                if run.stop.is_cancelled() {
                    return Ok(());
                }
            }
            if let Some(active) = &mut self.lock().active {
                active.running = at(lesson, number, step.seconds);
            }
            if let Some(waiting) = run.waiting.take() {
                _ = waiting.send(Ok(()));
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(step.seconds)) => {}
                waiting = run.go_on.recv() => run.waiting = waiting,
                () = run.stop.cancelled() => return Ok(()),
                () = self.0.lifecycle.draining() => return Ok(()),
            }
        }
        Ok(())
    }

    async fn perform(
        &self,
        action: &LessonAction,
        step: &Step,
        stop: &CancellationToken,
    ) -> Result<(), LessonError> {
        match *action {
            LessonAction::Break(link, fault) => {
                self.0.board.break_link(link, fault, None).await?;
            }
            LessonAction::Mend(link) => {
                self.0.board.mend_link(link, None).await?;
            }
            LessonAction::Process(action, service) => {
                self.process(action, service, step, stop).await?;
            }
            LessonAction::Restart(service, settings) => {
                self.restart(service, settings, stop).await?;
            }
        }
        Ok(())
    }

    async fn process(
        &self,
        action: Action,
        service: &str,
        step: &Step,
        stop: &CancellationToken,
    ) -> Result<(), LessonError> {
        // Who is killed stays down for the step.
        let lasts = (action == Action::Kill).then(|| Duration::from_secs(step.seconds));
        match self.0.board.process(service, action, lasts).await {
            // It is as it should be already.
            Err(BoardError::NotNow { .. }) if matches!(action, Action::Start | Action::Resume) => {}
            done => {
                done?;
            }
        }
        let is_done = |entry: &Entry| match action {
            Action::Stop | Action::Kill => entry.state == State::Stopped,
            Action::Freeze => entry.state == State::Frozen,
            Action::Start | Action::Resume => entry.trouble().is_none(),
        };
        self.until(service, stop, is_done).await;
        Ok(())
    }

    /// Starts a service anew with these settings beside its own.
    async fn restart(
        &self,
        service: &str,
        settings: &[(&str, &str)],
        stop: &CancellationToken,
    ) -> Result<(), LessonError> {
        self.0.controls.set(service, settings);
        match self.0.board.process(service, Action::Stop, None).await {
            // It is down already.
            Err(BoardError::NotNow { .. }) => {}
            done => {
                done?;
            }
        }
        let is_down = |entry: &Entry| !matches!(entry.state, State::Running | State::Stopping);
        self.until(service, stop, is_down).await;
        self.0.board.process(service, Action::Start, None).await?;
        let is_ready = |entry: &Entry| entry.trouble().is_none();
        self.until(service, stop, is_ready).await;
        Ok(())
    }

    /// Waits until a service is as it should be, within reason.
    async fn until(&self, service: &str, stop: &CancellationToken, is: impl Fn(&Entry) -> bool) {
        let mut changes = self.0.registry.changes();
        let reached = async {
            while !self
                .0
                .registry
                .entry(service)
                .is_some_and(|entry| is(&entry))
            {
                if changes.changed().await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            _ = tokio::time::timeout(PATIENCE, reached) => {}
            () = stop.cancelled() => {}
            () = self.0.lifecycle.draining() => {}
        }
    }

    /// Puts back what the lesson has done. At the lab's own end the lab does it.
    async fn put_back(&self, lesson: &Lesson) {
        let never = CancellationToken::new();
        for action in lesson.actions() {
            if self.0.lifecycle.is_draining() {
                return;
            }
            let done = match *action {
                LessonAction::Break(link, _) => {
                    let mended = self.0.board.mend_link(link, None).await;
                    mended.map(drop).map_err(LessonError::from)
                }
                LessonAction::Restart(service, _) if self.0.controls.is_set(service) => {
                    self.restart(service, &[], &never).await
                }
                LessonAction::Process(_, service) | LessonAction::Restart(service, _) => {
                    self.right(service).await
                }
                LessonAction::Mend(_) => Ok(()),
            };
            if let Err(error) = done {
                tracing::warn!(%error, %action, "what a lesson did is not put back");
            }
        }
    }

    /// Lets a process go on, or starts it.
    async fn right(&self, service: &str) -> Result<(), LessonError> {
        let state = self.0.registry.entry(service).map(|entry| entry.state);
        let action = match state {
            Some(State::Frozen) => Action::Resume,
            Some(State::Stopped | State::Failed) => Action::Start,
            _ => return Ok(()),
        };
        self.0.board.process(service, action, None).await?;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, RunnerState> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A step that begins now.
fn at(lesson: &Lesson, step: usize, seconds: u64) -> Running {
    let since = now_millis();
    Running {
        id: lesson.id,
        step,
        since,
        until: since + seconds * 1000,
    }
}

/// What may have been meant.
fn near(name: &str) -> String {
    let known: Vec<_> = table::lessons().map(|lesson| lesson.id).collect();
    match nearest(name, known.iter().copied()).as_slice() {
        [] => format!("there are {}", known.join(", ")),
        near => format!("did you mean {}?", near.join(" or ")),
    }
}
