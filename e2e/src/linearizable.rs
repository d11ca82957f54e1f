//! Whether what several clients saw of one value could have been one thing after another.
//!
//! The algorithm of Wing and Gong, with Lowe's memory of what was tried already ("Testing for
//! linearizability", 2017), as porcupine has it: the next operation to take effect is one that began
//! before any other that is left has ended. No clock, no I/O: a history goes in, a verdict comes out.
//!
//! Values are compared, so each write must have one of its own.

use std::collections::HashSet;

/// What a client asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// What the value is.
    Read,
    /// That it be this, if it is there.
    Write(u64),
    /// That it be gone.
    Remove,
}

/// What a client was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// The value, to a read.
    Value(u64),
    /// The value is not there.
    Absent,
    /// The write or the removal took effect.
    Done,
    /// Nothing, or an error: it may have taken effect, may still do so, or never.
    Unknown,
}

/// One question and its answer, with times of one clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// What was asked.
    pub input: Input,
    /// What was answered.
    pub output: Output,
    /// When it was asked.
    pub called: u64,
    /// When it was answered; of no account where the output is unknown.
    pub returned: u64,
}

/// The value, while it is there.
type State = Option<u64>;

impl Operation {
    /// The state after this operation, if it could have this answer in that state.
    fn step(&self, state: State) -> Option<State> {
        match (self.input, self.output) {
            (Input::Read, Output::Value(value)) => (state == Some(value)).then_some(state),
            (_, Output::Absent) => state.is_none().then_some(state),
            (Input::Write(value), Output::Done) => state.is_some().then_some(Some(value)),
            (Input::Remove, Output::Done) => state.is_some().then_some(None),
            (Input::Read, Output::Unknown) => Some(state),
            (Input::Write(value), Output::Unknown) => Some(state.map(|_| value)),
            (Input::Remove, Output::Unknown) => Some(None),
            // Answers that belong to another question.
            (Input::Read, Output::Done) | (_, Output::Value(_)) => None,
        }
    }

    fn ends(&self) -> u64 {
        match self.output {
            Output::Unknown => u64::MAX,
            _ => self.returned,
        }
    }
}

/// Whether there is an order of these operations, each at one moment between its question and its
/// answer, in which every answer is right; the value being this at first.
pub fn is_linearizable(initial: State, history: &[Operation]) -> bool {
    let operations = that_count(history);
    let mut list = List::of(&operations);
    let mut state = initial;
    let mut done = vec![0_u64; operations.len().div_ceil(64)];
    let mut tried = HashSet::new();
    let mut taken: Vec<(usize, State)> = Vec::new();
    let mut at = list.first();
    while let Some(node) = at {
        let event = list.events[node];
        if event.is_call {
            let next = operations[event.operation].step(state);
            let bit = 1_u64 << (event.operation % 64);
            if let Some(next) = next {
                done[event.operation / 64] |= bit;
                if tried.insert((done.clone(), next)) {
                    taken.push((node, state));
                    state = next;
                    list.lift(node);
                    at = list.first();
                    continue;
                }
                done[event.operation / 64] &= !bit;
            }
            at = list.next(node);
        } else {
            // It must have taken effect by now: whatever was tried last was wrong.
            let Some((node, before)) = taken.pop() else {
                return false;
            };
            let operation = list.events[node].operation;
            done[operation / 64] &= !(1_u64 << (operation % 64));
            state = before;
            list.unlift(node);
            at = list.next(node);
        }
    }
    true
}

/// Without those of unknown outcome that nobody saw: they can stand at the end of any order, and
/// each would double the work.
fn that_count(history: &[Operation]) -> Vec<Operation> {
    let outputs: HashSet<u64> = history
        .iter()
        .filter_map(|operation| match operation.output {
            Output::Value(value) => Some(value),
            _ => None,
        })
        .collect();
    let is_gone = history
        .iter()
        .any(|operation| operation.output == Output::Absent);
    let counts = |operation: &&Operation| match (operation.input, operation.output) {
        (Input::Read, Output::Unknown) => false,
        (Input::Write(value), Output::Unknown) => outputs.contains(&value),
        (Input::Remove, Output::Unknown) => is_gone,
        _ => true,
    };
    history.iter().filter(counts).copied().collect()
}

#[derive(Clone, Copy, Debug)]
struct Event {
    operation: usize,
    is_call: bool,
    /// Of a call, where its return stands.
    returns_at: usize,
}

/// Calls and returns in the order of their times, of which some are lifted out.
struct List {
    events: Vec<Event>,
    next: Vec<usize>,
    previous: Vec<usize>,
}

impl List {
    /// Node 0 is before the first and after the last.
    fn of(operations: &[Operation]) -> Self {
        let calls = operations.iter().enumerate();
        let calls = calls.map(|(at, operation)| (operation.called, false, at));
        let returns = operations.iter().enumerate();
        let returns = returns.map(|(at, operation)| (operation.ends(), true, at));
        let mut times: Vec<_> = calls.chain(returns).collect();
        // Of the same time calls come first: those two overlap.
        times.sort_unstable();
        let mut events = vec![Event {
            operation: usize::MAX,
            is_call: false,
            returns_at: 0,
        }];
        let mut call_of = vec![0; operations.len()];
        for (_, is_return, operation) in times {
            let node = events.len();
            if is_return {
                events[call_of[operation]].returns_at = node;
            } else {
                call_of[operation] = node;
            }
            events.push(Event {
                operation,
                is_call: !is_return,
                returns_at: 0,
            });
        }
        let length = events.len();
        Self {
            events,
            next: (0..length).map(|at| (at + 1) % length).collect(),
            previous: (0..length).map(|at| (at + length - 1) % length).collect(),
        }
    }

    fn first(&self) -> Option<usize> {
        self.next(0)
    }

    fn next(&self, node: usize) -> Option<usize> {
        Some(self.next[node]).filter(|next| *next != 0)
    }

    /// Takes a call and its return out.
    fn lift(&mut self, call: usize) {
        for node in [call, self.events[call].returns_at] {
            let (previous, next) = (self.previous[node], self.next[node]);
            self.next[previous] = next;
            self.previous[next] = previous;
        }
    }

    /// Puts them back where they were.
    fn unlift(&mut self, call: usize) {
        for node in [self.events[call].returns_at, call] {
            let (previous, next) = (self.previous[node], self.next[node]);
            self.next[previous] = node;
            self.previous[next] = node;
        }
    }
}

#[cfg(test)]
mod tests;
