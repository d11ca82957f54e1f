//! The thread of the links.
//!
//! What passes a link is one short turn after the other. On the runtime of the whole lab each turn
//! would wake a second thread to look for more, which costs more than the turn.

use std::io;

use tokio::runtime::{Builder, Handle};

/// Starts the thread; it ends with the process.
pub fn start() -> io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    let serve = move || runtime.block_on(std::future::pending::<()>());
    std::thread::Builder::new()
        .name("links".to_owned())
        .spawn(serve)?;
    Ok(handle)
}
