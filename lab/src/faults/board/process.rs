//! What is done to processes: to each one thing after the other.

use std::time::Duration;

use super::{Board, BoardError, Cause, Target, begin, near};
use crate::supervisor::control::Action;
use crate::supervisor::status::{Entry, State};

/// How long a keeper may take to do as it is told before the answer is given without it.
const PATIENCE: Duration = Duration::from_secs(2);

impl Board {
    /// Does something to a process, after what others have done to it. Returns how it is once its
    /// keeper has done so, within reason; it may not be ready yet, or still be ending.
    pub async fn process(
        &self,
        service: &str,
        action: Action,
        lasts: Option<Duration>,
    ) -> Result<Entry, BoardError> {
        let turn = self.0.turns.get(service);
        let turn = turn.ok_or_else(|| self.no_service(service))?;
        // Whoever asks meanwhile is judged by what this comes to.
        let _turn = turn.lock().await;
        let entry = self.0.registry.entry(service);
        let entry = entry.ok_or_else(|| self.no_service(service))?;
        if !is_possible(action, entry.state) {
            return Err(BoardError::NotNow {
                service: service.to_owned(),
                action: action.name(),
                state: entry.state.name().to_owned(),
            });
        }
        let is_fault = matches!(action, Action::Stop | Action::Kill | Action::Freeze);
        if lasts.is_some() && !is_fault {
            return Err(BoardError::NoEnd(action.name()));
        }
        if is_fault {
            let target = Target::Process(service.to_owned());
            let fault = begin(target, action.name(), action.name().to_owned(), lasts);
            let cause = Cause::Process {
                action,
                pid: entry.pid,
                has_begun: false,
            };
            self.add(fault, cause);
        }
        let mut changes = self.0.registry.changes();
        self.0.controls.send(service, action, lasts.is_some());
        let done = async {
            let now = || self.0.registry.entry(service);
            while now().is_some_and(|now| !is_done(action, &entry, &now)) {
                if changes.changed().await.is_err() {
                    return;
                }
            }
        };
        // The answer says how it is, whether or not its keeper has come to it.
        _ = tokio::time::timeout(PATIENCE, done).await;
        self.look();
        Ok(self.0.registry.entry(service).unwrap_or(entry))
    }

    fn no_service(&self, name: &str) -> BoardError {
        let known = self.0.registry.entries();
        BoardError::NoService {
            name: name.to_owned(),
            near: near(name, known.iter().map(|entry| entry.name)),
        }
    }
}

fn is_possible(action: Action, state: State) -> bool {
    match action {
        Action::Start => matches!(
            state,
            State::Stopped | State::Absent | State::Failed | State::Waiting
        ),
        Action::Stop => matches!(state, State::Running | State::Frozen | State::Waiting),
        Action::Kill => matches!(state, State::Running | State::Frozen),
        Action::Freeze => state == State::Running,
        Action::Resume => state == State::Frozen,
    }
}

/// Whether a process has become what an action makes of it.
fn is_done(action: Action, before: &Entry, now: &Entry) -> bool {
    match action {
        // A start that fails at once is one, too.
        Action::Start => (now.state, now.since) != (before.state, before.since),
        Action::Stop => matches!(now.state, State::Stopping | State::Stopped),
        Action::Kill => now.pid != before.pid,
        Action::Freeze | Action::Resume => now.state != before.state,
    }
}

#[cfg(test)]
mod tests {
    use testing::{TestLifecycle, eventually};

    use super::*;
    use crate::plan::Planned;
    use crate::supervisor::control::{Controls, Order};
    use crate::supervisor::status::StatusRegistry;

    const NAME: &str = "server";
    const PID: Option<u32> = Some(7);

    /// A board over one running process, whose keeper does as it is told when it comes to it.
    fn board() -> Board {
        let registry = StatusRegistry::new(&[Planned::example(NAME)]);
        registry.started(NAME, PID);
        let (controls, mut orders) = Controls::of([NAME]);
        let mut orders = orders.take(NAME);
        let kept = registry.clone();
        TestLifecycle::default().lifecycle().spawn(async move {
            loop {
                match orders.next().await {
                    // Who is frozen is not down.
                    Order::Start if kept.entry(NAME).unwrap().state == State::Frozen => {}
                    Order::Start => kept.started(NAME, Some(8)),
                    Order::Stop => kept.stopping(NAME),
                    Order::Kill { .. } => kept.died(NAME, "was killed".to_owned()),
                    Order::Freeze => kept.frozen(NAME, PID, true),
                    Order::Resume => kept.frozen(NAME, PID, false),
                }
            }
        });
        Board::new(None, controls, &registry)
    }

    #[tokio::test]
    async fn what_is_done_to_a_process_is_answered_with_what_it_is_then() {
        for (action, state) in [
            (Action::Stop, State::Stopping),
            (Action::Kill, State::Waiting),
            (Action::Freeze, State::Frozen),
        ] {
            let entry = board().process(NAME, action, None).await.unwrap();
            assert_eq!(entry.state, state);
            assert_eq!(entry.fault.unwrap().kind, action.name());
        }
        let board = board();
        board.process(NAME, Action::Kill, None).await.unwrap();
        let entry = board.process(NAME, Action::Start, None).await.unwrap();
        assert_eq!((entry.state, entry.fault), (State::Running, None));
    }

    #[tokio::test]
    async fn a_stopped_process_that_somebody_starts_again_has_no_fault_left() {
        let board = board();
        board.process(NAME, Action::Stop, None).await.unwrap();
        board.0.registry.started(NAME, Some(8));
        assert!(board.all()[0].ended.is_some());
    }

    #[tokio::test]
    async fn who_is_frozen_can_go_on_at_once_and_be_frozen_again() {
        let board = board();
        // Both are asked for before the keeper has come to either.
        let (frozen, resumed) = tokio::join!(
            board.process(NAME, Action::Freeze, None),
            board.process(NAME, Action::Resume, None)
        );
        assert_eq!(frozen.unwrap().state, State::Frozen);
        assert_eq!(resumed.unwrap().state, State::Running);
        let refused = board.process(NAME, Action::Resume, None).await;
        assert!(matches!(refused, Err(BoardError::NotNow { .. })));

        board.process(NAME, Action::Freeze, None).await.unwrap();
        assert_eq!(board.mend().await.unwrap(), [NAME]);
        board.process(NAME, Action::Freeze, None).await.unwrap();
    }

    #[tokio::test]
    async fn what_is_done_for_a_time_is_undone_after_it() {
        for action in [Action::Freeze, Action::Stop, Action::Kill] {
            let (board, lifecycle) = (board(), TestLifecycle::default());
            let lifecycle = lifecycle.lifecycle();
            lifecycle.spawn(board.clone().watch(lifecycle.clone()));
            let time = Some(Duration::from_millis(1));
            board.process(NAME, action, time).await.unwrap();
            eventually("it runs, and nothing is wrong", async || {
                let entry = board.0.registry.entry(NAME)?;
                (entry.state == State::Running && entry.fault.is_none()).then_some(())
            })
            .await;
        }
    }

    #[tokio::test]
    async fn what_cannot_be_done_now_is_refused() {
        let board = board();
        let refused = async |actions: &[Action]| {
            for action in actions {
                let refused = board.process(NAME, *action, None).await.unwrap_err();
                assert_eq!(refused.status(), 409, "{refused}");
            }
        };
        refused(&[Action::Start, Action::Resume]).await;
        board.process(NAME, Action::Freeze, None).await.unwrap();
        refused(&[Action::Start, Action::Freeze]).await;
        board.process(NAME, Action::Stop, None).await.unwrap();
        refused(&Action::ALL).await;
    }

    #[tokio::test]
    async fn only_faults_have_an_end_and_only_services_are_known() {
        let board = board();
        board.process(NAME, Action::Freeze, None).await.unwrap();
        let time = Some(Duration::from_millis(1));
        let endless = board.process(NAME, Action::Resume, time).await;
        assert!(matches!(endless, Err(BoardError::NoEnd("resume"))));
        let unknown = board.process("serve", Action::Stop, None).await;
        let unknown = unknown.unwrap_err().to_string();
        assert!(unknown.ends_with("did you mean server?"), "{unknown}");
    }

    #[tokio::test]
    async fn who_froze_a_process_otherwise_is_told_of_too() {
        let board = board();
        board.0.registry.frozen(NAME, PID, true);
        let told = board.all().remove(0);
        assert_eq!((told.kind.as_str(), told.until), ("freeze", None));
        let entry = board.0.registry.entry(NAME).unwrap();
        assert_eq!(entry.fault, Some(told));
        board.0.registry.frozen(NAME, PID, false);
        assert!(board.all()[0].ended.is_some());
    }

    #[tokio::test]
    async fn what_is_asked_for_is_on_the_board_before_it_is_done() {
        let board = board();
        let asked = board.process(NAME, Action::Freeze, None);
        let (done, told) = tokio::join!(asked, async { board.all() });
        assert_eq!((told.len(), told[0].ended), (1, None));
        assert_eq!(done.unwrap().fault.as_ref(), Some(&told[0]));
    }

    #[tokio::test]
    async fn what_a_process_did_not_come_to_in_time_is_over_too() {
        let (board, lifecycle) = (board(), TestLifecycle::default());
        let lifecycle = lifecycle.lifecycle();
        lifecycle.spawn(board.clone().watch(lifecycle.clone()));
        for action in [Action::Freeze, Action::Stop] {
            let (target, name) = (Target::Process(NAME.to_owned()), action.name());
            let at_once = Some(Duration::ZERO);
            let cause = Cause::Process {
                action,
                pid: PID,
                has_begun: false,
            };
            // Nobody gives the order.
            board.add(begin(target, name, name.to_owned(), at_once), cause);
            eventually("it is over", async || board.all()[0].ended).await;
        }
    }
}
