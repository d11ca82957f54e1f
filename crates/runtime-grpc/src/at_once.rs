//! Calls that are answered as they come.
//!
//! hyper makes a task of each call, and takes all that a connection has sent before the first of them
//! runs. What refuses hundreds of calls would wait in memory for its turn; so a call whose answer is
//! there already is done where it came.

use std::cell::Cell;
use std::pin::Pin;
use std::task::{Context, Waker};

thread_local! {
    static ANSWERED: Cell<bool> = const { Cell::new(false) };
}

/// The call that hyper will run next has its answer.
pub(super) fn answered() {
    ANSWERED.set(true);
}

/// Does a call that has its answer. Gives back what is left of it, or a call that has none.
pub(super) fn run<F: Future<Output = ()>>(call: F) -> Result<(), Call<F>> {
    if !ANSWERED.take() {
        return Err(Call::New(call));
    }
    let mut call = Box::pin(call);
    // Whoever runs what is left of it asks with a waker.
    let polled = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    if polled.is_ready() {
        return Ok(());
    }
    Err(Call::Begun(call))
}

/// A call that is not done.
pub(super) enum Call<F> {
    New(F),
    Begun(Pin<Box<F>>),
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[test]
    fn a_call_with_an_answer_is_done_and_the_next_one_is_not() {
        answered();
        assert!(run(ready(())).is_ok());
        assert!(matches!(run(ready(())), Err(Call::New(_))));
    }

    #[test]
    fn what_is_left_of_a_call_is_given_back() {
        answered();
        assert!(matches!(run(pending()), Err(Call::Begun(_))));
        assert!(matches!(run(pending()), Err(Call::New(_))));
    }
}
