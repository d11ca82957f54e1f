//! Memory that the allocator keeps for later, given back to the system.
//!
//! glibc returns what is free at the top of its heap by itself, but not what lies below a piece that
//! is still in use. After ten thousand connections have gone, a few such pieces hold megabytes.
//!
//! Other allocators keep pages for each thread, which that thread alone can give back: it does when it
//! next has nothing to do ([`before_waiting`]).

#[cfg(feature = "mimalloc")]
mod mimalloc;

use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

#[cfg(feature = "mimalloc")]
pub use self::mimalloc::for_mimalloc;

/// What gives back the pages of the calling thread, where the allocator is not the C library's.
static COLLECT: OnceLock<fn()> = OnceLock::new();

/// How often all threads were asked to.
static ASKED: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// How often they had been when this one last did.
    static DONE: Cell<usize> = const { Cell::new(0) };
}

/// For a program with an allocator of its own: what gives back what it keeps for the calling thread.
pub fn collect_by(collect: fn()) {
    COLLECT.get_or_init(|| collect);
}

/// Gives back every free page; a few milliseconds for tens of megabytes. With an allocator that keeps
/// pages for each thread, other threads give back theirs before they next wait. On systems without
/// glibc, and without such an allocator, it does nothing.
pub fn release() {
    let Some(collect) = COLLECT.get() else {
        return trim();
    };
    DONE.set(ASKED.fetch_add(1, Ordering::Relaxed) + 1);
    collect();
}

/// The calling thread has nothing to do: it gives back what only it can, if it was asked to since it
/// last did.
pub fn before_waiting() {
    let asked = ASKED.load(Ordering::Relaxed);
    if DONE.replace(asked) != asked
        && let Some(collect) = COLLECT.get()
    {
        collect();
    }
}

/// Has the C library ask the system for each piece of [`LARGE`] and more, and give it back when it is freed.
///
/// By itself it learns from the first such piece that is freed (up to 32 MiB) to take the next ones from its
/// heaps, one for each thread, and to leave twice as much free at the top of each, where [`release`] does not
/// reach it but in the main thread's. For a program that needs large pieces seldom, and not for each request:
/// the system clears the pages of each. To be called before there are other threads.
pub fn keep_large_apart() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "a call into C")]
    // SAFETY: mallopt(3) takes any value. It is not meant for processes with other threads: the caller has none.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
        // The first ends the learning of this one, too, which would stay at 128 KiB: less than a usual batch of
        // spans takes.
        libc::mallopt(libc::M_TRIM_THRESHOLD, LARGE / 4);
    }
}

/// How many bytes are a large piece.
pub const LARGE: i32 = 4 << 20;

fn trim() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "a call into C")]
    // SAFETY: malloc_trim(3) has no preconditions and may be called from any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    thread_local! {
        static COLLECTED: Cell<usize> = const { Cell::new(0) };
    }

    #[test]
    fn each_thread_gives_back_its_pages_once_for_each_time_that_all_are_asked() {
        let collected = || COLLECTED.get();
        collect_by(|| COLLECTED.set(COLLECTED.get() + 1));
        before_waiting();
        assert_eq!(collected(), 0, "nobody asked");
        release();
        assert_eq!(collected(), 1, "who asks is the first to do it");
        before_waiting();
        assert_eq!(collected(), 1);
        let other = std::thread::spawn(move || {
            let twice = [(), ()].map(|()| {
                before_waiting();
                collected()
            });
            release();
            twice
        });
        assert_eq!(other.join().unwrap(), [1, 1]);
        before_waiting();
        assert_eq!(collected(), 2, "the other asked");
    }
}
