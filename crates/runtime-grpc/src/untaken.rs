//! Ends a call whose answer its client does not take.
//!
//! hyper asks for the next piece of an answer when it has handed on the last one, which it cannot while
//! the client's window is shut. Nobody polls the body meanwhile: it notes whom the answer waits for, and
//! whoever runs the call looks.

use std::cell::Cell;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::rt::Executor;
use tokio::time::{Sleep, sleep};

use super::at_once;
use runtime::net::{ServerContext, spread};

tokio::task_local! {
    static AWAITS: Cell<Awaits>;
}

/// Whom the answer of the call at hand awaits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaits {
    /// Whoever makes it.
    Handler,
    /// The client: a piece was handed over since anybody looked.
    Client,
    /// The client, which still has not taken the same piece.
    SameClient,
}

/// Notes what the body of the call at hand was asked for, and had.
pub(super) fn note<T>(polled: &Poll<T>) {
    let now = match polled {
        Poll::Pending => Awaits::Handler,
        Poll::Ready(_) => Awaits::Client,
    };
    // Nobody looks at the answers that are given outside of a call's task: they have no pieces.
    let _ = AWAITS.try_with(|awaits| awaits.set(now));
}

/// Runs the calls of a connection, each as a task of the lifecycle and under no span: it ends when its
/// client has taken nothing of its answer for too long.
#[derive(Clone, Debug)]
pub(super) struct CallExecutor {
    pub(super) server: ServerContext,
    pub(super) write_timeout: Duration,
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for CallExecutor {
    fn execute(&self, call: F) {
        let Some(call) = at_once::run(call) else {
            return;
        };
        let server = self.server.clone();
        let call = while_taken(call, self.write_timeout);
        self.server.lifecycle().spawn_without_span(async move {
            if call.await.is_err() {
                server.count_cut("write_timeout");
            }
        });
    }
}

/// A client took nothing of its answer for too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Untaken;

/// Lets a call run while its client takes its answer. HTTP/2 resets the stream of one that is dropped.
fn while_taken<F: Future<Output = ()>>(
    call: F,
    limit: Duration,
) -> impl Future<Output = Result<(), Untaken>> {
    let watched = Watched {
        call,
        limit,
        patience: None,
    };
    AWAITS.scope(Cell::new(Awaits::Handler), watched)
}

pin_project_lite::pin_project! {
    struct Watched<F> {
        #[pin]
        call: F,
        limit: Duration,
        // None while nobody waits for the client, as with most answers ever.
        patience: Option<Pin<Box<Sleep>>>,
    }
}

impl<F: Future<Output = ()>> Future for Watched<F> {
    type Output = Result<(), Untaken>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if this.call.poll(cx).is_ready() {
            return Poll::Ready(Ok(()));
        }
        match AWAITS.with(|awaits| awaits.replace(still(awaits.get()))) {
            Awaits::Handler => *this.patience = None,
            Awaits::Client => *this.patience = Some(Box::pin(sleep(spread(*this.limit)))),
            Awaits::SameClient => {}
        }
        match this.patience {
            None => Poll::Pending,
            Some(patience) => {
                ready!(patience.as_mut().poll(cx));
                Poll::Ready(Err(Untaken))
            }
        }
    }
}

/// What is waited for if nothing changes.
fn still(awaits: Awaits) -> Awaits {
    match awaits {
        Awaits::Handler => Awaits::Handler,
        Awaits::Client | Awaits::SameClient => Awaits::SameClient,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::future::pending;

    use futures_util::future::join_all;
    use tokio::time::{Instant, timeout};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    /// A piece is handed over, or none is there.
    fn asked(has_piece: bool) {
        note(&if has_piece {
            Poll::Ready(())
        } else {
            Poll::Pending
        });
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_ends_when_its_client_has_taken_nothing_for_too_long() {
        let began = Instant::now();
        let call = async {
            for _ in 0..5 {
                asked(true);
                sleep(LIMIT / 2).await; // and then it was taken
            }
            pending::<()>().await;
        };
        assert_eq!(while_taken(call, LIMIT).await, Err(Untaken));
        let took = began.elapsed();
        assert!(LIMIT * 3 <= took && took < LIMIT * 4, "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn calls_whose_client_takes_nothing_of_any_do_not_all_end_at_once() {
        let began = Instant::now();
        let ended = (0..20).map(|_| async {
            let call = async {
                asked(true);
                pending::<()>().await;
            };
            assert_eq!(while_taken(call, LIMIT).await, Err(Untaken));
            began.elapsed()
        });
        let ended: HashSet<_> = join_all(ended).await.into_iter().collect();
        assert!(ended.len() > 1, "{ended:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_whose_answer_is_still_made_goes_on() {
        let call = async {
            sleep(LIMIT * 2).await;
            asked(true);
            sleep(LIMIT / 2).await;
            asked(false);
            pending::<()>().await;
        };
        let ended = timeout(LIMIT * 100, while_taken(call, LIMIT)).await;
        assert!(ended.is_err(), "{ended:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_is_taken_in_time_ends_well() {
        let call = async {
            asked(true);
            sleep(LIMIT / 2).await;
        };
        assert_eq!(while_taken(call, LIMIT).await, Ok(()));
    }
}
