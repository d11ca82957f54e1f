//! Who may read an export, and when.
//!
//! A little gzip becomes many megabytes, which take a core for a while. Small exports are read at once;
//! large ones one after the other, on a thread where nobody else waits to be served.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use super::answer::Refusal;
use super::request::Export;

/// The turns of large exports. Every clone waits in the same line.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns(Arc<Line>);

#[derive(Debug, Default)]
struct Line {
    /// Where the one whose turn it is decompresses: the system gives and clears it once for all in the line.
    room: Arc<Mutex<Vec<u8>>>,
    /// How many stand in it, the one whose turn it is included.
    places: AtomicUsize,
}

/// A place in the line, from before its turn until after it. Whoever is the last to leave gives the room
/// back, and be it an exporter that goes away before its turn.
struct Place(Arc<Line>);

impl Place {
    fn take(line: &Arc<Line>) -> Self {
        line.places.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(line))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let was_last = self.0.places.fetch_sub(1, Ordering::AcqRel) == 1;
        // Who has the room now has a place, too, and is the last in its turn.
        if was_last && let Ok(mut room) = self.0.room.try_lock() {
            *room = Vec::new();
        }
    }
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
        let place = Place::take(&self.0);
        let mut room = Arc::clone(&self.0.room).lock_owned().await;
        let reading = spawn_blocking(move || {
            // Until it is read, also where its exporter has gone meanwhile.
            let outcome = export.whole(&mut room).and_then(read);
            drop(room);
            drop(place);
            outcome
        });
        reading.await.map_err(Refusal::Unread)?
    }
}

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

    #[tokio::test]
    async fn the_room_is_given_back_too_where_the_last_one_goes_away_before_its_turn() {
        let turns = Turns::default();
        let turn = turns.0.room.lock().await;
        let mut both = [(), ()].map(|()| Box::pin(turns.read(gzip(1 << 20), |_| Ok(()))));
        for one in &mut both {
            assert!(one.now_or_never().is_none());
        }
        drop(turn);
        let [first, second] = both;
        first.await.unwrap();
        drop(second);
        assert_eq!(turns.0.room.lock().await.capacity(), 0);
    }
}
