//! Calls that are answered as they come.
//!
//! hyper makes a task of each call, and takes all that a connection has sent before the first of them
//! runs. What refuses hundreds of calls would wait in memory for its turn; so a call whose answer is
//! there already is done where it came.

use std::cell::Cell;
use std::pin::Pin;

use futures_util::FutureExt;
use futures_util::future::Either;

thread_local! {
    static ANSWERED: Cell<bool> = const { Cell::new(false) };
}

/// The call that hyper will run next has its answer.
pub(super) fn answered() {
    ANSWERED.set(true);
}

/// Does a call that has its answer. Gives back what is left of it, or a call that has none.
pub(super) fn run<F: Future<Output = ()>>(call: F) -> Option<Either<F, Pin<Box<F>>>> {
    if !ANSWERED.take() {
        return Some(Either::Left(call));
    }
    let mut call = Box::pin(call);
    // Whoever runs what is left of it asks with a waker.
    let done = call.as_mut().now_or_never();
    done.is_none().then_some(Either::Right(call))
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[test]
    fn a_call_with_an_answer_is_done_and_the_next_one_is_not() {
        answered();
        assert!(run(ready(())).is_none());
        assert!(matches!(run(ready(())), Some(Either::Left(_))));
    }

    #[test]
    fn what_is_left_of_a_call_is_given_back() {
        answered();
        assert!(matches!(run(pending()), Some(Either::Right(_))));
        assert!(matches!(run(pending()), Some(Either::Left(_))));
    }
}
