//! What mimalloc keeps, which it gives back only as pages are freed: after a crowd nobody frees any.

// It brings the function below.
use ::mimalloc as _;

#[expect(unsafe_code, reason = "a call into C")]
// SAFETY: as in mimalloc.h. It has no preconditions and may be called from any thread.
unsafe extern "C" {
    safe fn mi_collect(force: bool);
}

/// Says that this program's allocator is mimalloc; to be called before all else.
pub fn for_mimalloc() {
    crate::collect_by(|| mi_collect(true));
}
