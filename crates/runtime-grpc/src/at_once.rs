//! Calls that are answered as they come.
//!
//! hyper makes a task of each call, and takes all that a connection has sent before the first of them
//! runs. What refuses hundreds of calls would wait in memory for its turn; so a call whose answer is
//! there already is done where it came.

use std::cell::Cell;
use std::pin::Pin;

use futures_util::FutureExt;

thread_local! {
    static ANSWERED: Cell<bool> = const { Cell::new(false) };
}

/// The call that hyper will run next has its answer.
pub(super) fn answered() {
    ANSWERED.set(true);
}

/// Does a call that has its answer. Gives back what is left of it, or a call that has none: in a box,
/// for it is large, and becoming a task moves it several times.
pub(super) fn run<F: Future<Output = ()>>(call: F) -> Option<Pin<Box<F>>> {
    let mut call = Box::pin(call);
    // Whoever runs what is left of it asks with a waker.
    let is_done = ANSWERED.take() && call.as_mut().now_or_never().is_some();
    (!is_done).then_some(call)
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[test]
    fn a_call_with_an_answer_is_done_and_the_next_one_is_not() {
        answered();
        assert!(run(ready(())).is_none());
        assert!(run(ready(())).is_some());
    }

    #[test]
    fn what_is_left_of_a_call_is_given_back() {
        answered();
        assert!(run(pending()).is_some());
        assert!(run(ready(())).is_some(), "the next one was not asked");
    }
}
