//! What tells a process to end.

use std::io::Read;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// Why the process is asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// SIGTERM, as Kubernetes sends it: others may still be sending work here.
    Terminate,
    /// SIGINT, Ctrl-C on a terminal: somebody waits for the prompt.
    Interrupt,
    /// Standard input has ended: whoever started this process is gone.
    InputEnded,
}

impl Ending {
    /// The exit code where the process ends at once: 128 and the signal's number.
    pub(crate) fn exit_code(self) -> i32 {
        match self {
            Self::Terminate | Self::InputEnded => 128 + 15,
            Self::Interrupt => 128 + 2,
        }
    }
}

/// The signals of this process, and its standard input where it counts.
#[derive(Debug)]
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    input_ended: Option<oneshot::Receiver<()>>,
}

impl Signals {
    pub(crate) fn listen(exit_with_stdin: bool) -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            input_ended: exit_with_stdin.then(end_of_input),
        })
    }

    /// Waits for the next reason to end.
    pub(crate) async fn next(&mut self) -> Ending {
        let input = async {
            match &mut self.input_ended {
                // Whether told or dropped, the reading thread is done.
                Some(ended) => drop(ended.await),
                None => std::future::pending().await,
            }
        };
        let ending = tokio::select! {
            _ = self.terminate.recv() => Ending::Terminate,
            _ = self.interrupt.recv() => Ending::Interrupt,
            () = input => Ending::InputEnded,
        };
        if ending == Ending::InputEnded {
            self.input_ended = None;
        }
        ending
    }
}

/// Reads standard input to its end on a thread of its own: tokio's would hold up the exit.
fn end_of_input() -> oneshot::Receiver<()> {
    let (told, ended) = oneshot::channel();
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        let mut sink = [0; 256];
        loop {
            match input.read(&mut sink) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        // Nobody listens any more where the process is ending already.
        let _ = told.send(());
    });
    ended
}
