//! Memory that the allocator keeps for later, given back to the system.
//!
//! glibc returns what is free at the top of its heap by itself, but not what lies below a piece that
//! is still in use. After ten thousand connections have gone, a few such pieces hold megabytes.

/// Gives back every free page; a few milliseconds for tens of megabytes. On systems without glibc, and
/// in programs with an allocator of their own, which gives back by itself, it does nothing.
pub fn release() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "a call into C")]
    // SAFETY: malloc_trim(3) has no preconditions and may be called from any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}
