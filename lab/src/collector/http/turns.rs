//! Who may read an export, and when.
//!
//! A little gzip becomes many megabytes, which take a core for a while. Small exports are read at once;
//! large ones one after the other, on a thread where nobody else waits to be served.

use std::sync::Arc;

use axum::body::Bytes;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::answer::Refusal;
use super::request::Export;

/// The turns of large exports. Every clone waits in the same line.
#[derive(Clone, Debug)]
pub(super) struct Turns(Arc<Semaphore>);

impl Default for Turns {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }
}

impl Turns {
    /// Reads an export, if it is small, or when its turn has come.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        export: Export,
        read: impl FnOnce(Bytes) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        if let Some(small) = export.small()? {
            return read(small);
        }
        let turn = Arc::clone(&self.0).acquire_owned().await;
        let reading = spawn_blocking(move || {
            // Until it is read, also where its exporter has gone meanwhile.
            let _turn = turn;
            read(export.whole()?)
        });
        reading.await.map_err(Refusal::Unread)?
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;
    use futures_util::FutureExt;

    use super::*;

    fn export(size: usize) -> Export {
        let body = Ok(vec![b' '; size].into());
        Export::of(&HeaderMap::new(), body, usize::MAX).unwrap()
    }

    #[tokio::test]
    async fn large_exports_take_turns_and_small_ones_wait_for_nobody() {
        let turns = Turns::default();
        let turn = turns.0.acquire().await.unwrap();
        let mut large = Box::pin(turns.read(export(1 << 20), |bytes| Ok(bytes.len())));
        assert!((&mut large).now_or_never().is_none());
        let small = turns.read(export(1000), |bytes| Ok(bytes.len()));
        assert_eq!(small.now_or_never().unwrap().unwrap(), 1000);
        drop(turn);
        assert_eq!(large.await.unwrap(), 1 << 20);
    }
}
