//! Who may read an export, and when.
//!
//! A little gzip becomes many megabytes, which take a core for a while. Small exports are read at once;
//! large ones one after the other, on a thread where nobody else waits to be served.

use std::sync::Arc;

use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use super::answer::Refusal;
use super::request::Export;

/// The turns of large exports. Every clone waits in the same line.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns(Arc<Line>);

#[derive(Debug, Default)]
struct Line {
    /// Where the one whose turn it is decompresses. With room of its own each would leave as much
    /// behind, for the allocator keeps megabytes for each thread.
    room: Arc<Mutex<Vec<u8>>>,
    /// Held by everybody in the line.
    place: Arc<()>,
}

impl Turns {
    /// Reads an export, if it is small, or when its turn has come.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        export: Export,
        read: impl FnOnce(&[u8]) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        if let Some(small) = export.small()? {
            return read(&small);
        }
        let place = Arc::clone(&self.0.place);
        let turn = Arc::clone(&self.0.room).lock_owned().await;
        let reading = spawn_blocking(move || {
            // Until it is read, also where its exporter has gone meanwhile.
            let mut room = turn;
            let outcome = export.whole(&mut room).and_then(read);
            // The next one takes it over; the last one gives it back.
            if Arc::strong_count(&place) == ALONE {
                *room = Vec::new();
            }
            outcome
        });
        reading.await.map_err(Refusal::Unread)?
    }
}

/// Who holds a place while one is in the line: the line and that one.
const ALONE: usize = 2;

#[cfg(test)]
mod tests {
    use std::io::Write;

    use axum::http::header::CONTENT_ENCODING;
    use axum::http::{HeaderMap, HeaderValue};
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use futures_util::FutureExt;

    use super::*;

    fn export(size: usize) -> Export {
        let body = Ok(vec![b' '; size].into());
        Export::of(&HeaderMap::new(), body, 2 << 20).unwrap()
    }

    fn gzip(size: usize) -> Export {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&vec![b' '; size]).unwrap();
        let headers = [(CONTENT_ENCODING, HeaderValue::from_static("gzip"))];
        let body = Ok(gzip.finish().unwrap().into());
        Export::of(&headers.into_iter().collect(), body, 2 << 20).unwrap()
    }

    #[tokio::test]
    async fn large_exports_take_turns_and_small_ones_wait_for_nobody() {
        let turns = Turns::default();
        let turn = turns.0.room.lock().await;
        let mut large = Box::pin(turns.read(export(1 << 20), |bytes| Ok(bytes.len())));
        assert!((&mut large).now_or_never().is_none());
        let small = turns.read(export(1000), |bytes| Ok(bytes.len()));
        assert_eq!(small.now_or_never().unwrap().unwrap(), 1000);
        drop(turn);
        assert_eq!(large.await.unwrap(), 1 << 20);
    }

    #[tokio::test]
    async fn the_room_goes_from_turn_to_turn_and_the_last_one_gives_it_back() {
        let turns = Turns::default();
        let turn = turns.0.room.lock().await;
        let mut both = [(), ()].map(|()| {
            let size = |bytes: &[u8]| Ok((bytes.as_ptr().addr(), bytes.len()));
            Box::pin(turns.read(gzip(1 << 20), size))
        });
        for one in &mut both {
            assert!(one.now_or_never().is_none());
        }
        drop(turn);
        let [first, second] = both;
        let (first, second) = tokio::join!(first, second);
        let first = first.unwrap();
        assert_eq!(first, second.unwrap());
        assert_eq!(first.1, 1 << 20);
        assert_eq!(turns.0.room.lock().await.capacity(), 0);
    }
}
