//! Lines over a pipe that holds a few bytes.

use std::time::Duration;

use tokio::io::{AsyncReadExt, DuplexStream, duplex};
use tokio::time::timeout;

use super::*;

/// Bytes that the network takes before the client reads.
const NETWORK: usize = 16;

/// Frames that may wait.
const LIMIT: usize = 4;

/// A line, who writes to it, and its client.
fn line() -> (Arc<ClientConnection>, Arc<FlushWorker>, DuplexStream) {
    let (stream, client) = duplex(NETWORK);
    let writer = Arc::new(FlushWorker::default());
    let line = ClientConnection::new(Box::new(stream), LIMIT, Arc::clone(&writer));
    (line, writer, client)
}

fn frame(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

async fn read(client: &mut DuplexStream, bytes: usize) -> String {
    let mut read = vec![0; bytes];
    client.read_exact(&mut read).await.unwrap();
    String::from_utf8(read).unwrap()
}

/// What a session does all the time, for as long as the test reads.
async fn while_read<T>(line: &ClientConnection, reading: impl Future<Output = T>) -> T {
    tokio::select! {
        read = reading => read,
        came = line.read(|_| {}) => panic!("{came:?} from a silent client"),
    }
}

#[tokio::test]
async fn what_is_handed_is_listed_once_and_written_together() {
    let (line, writer, mut client) = line();
    for text in ["one ", "two ", "three"] {
        assert!(line.enqueue(frame(text)));
    }
    let mut listed = Vec::new();
    writer.take(&mut listed);
    assert_eq!(listed.len(), 1);
    listed.drain(..).for_each(|line| line.write());
    assert_eq!(read(&mut client, 13).await, "one two three");
    assert!(line.enqueue(frame("four")));
    writer.take(&mut listed);
    assert_eq!(listed.len(), 1, "listed anew");
}

#[tokio::test]
async fn what_the_network_does_not_take_at_once_is_written_by_the_session_and_in_order() {
    let (line, _writer, mut client) = line();
    line.enqueue(frame("0123456789"));
    line.enqueue(frame("abcdefghij"));
    line.write();
    line.enqueue(frame("ABCDEFGHIJ"));
    let all = while_read(&line, read(&mut client, 30)).await;
    assert_eq!(all, "0123456789abcdefghijABCDEFGHIJ");
}

#[tokio::test]
async fn who_does_not_read_is_not_heard() {
    let (line, _writer, mut client) = line();
    line.enqueue(frame("more than the network takes"));
    line.write();
    tokio::io::AsyncWriteExt::write_all(&mut client, b"hello?")
        .await
        .unwrap();
    let mut heard = Vec::new();
    {
        let reading = line.read(|bytes| heard.extend_from_slice(bytes));
        tokio::pin!(reading);
        let early = futures_util::poll!(&mut reading);
        assert!(early.is_pending());
        let both = async { tokio::join!(reading, read(&mut client, 27)) };
        let (went_on, text) = both.await;
        assert!(went_on.unwrap());
        assert_eq!(text, "more than the network takes");
    }
    assert_eq!(heard, b"hello?");
}

#[tokio::test]
async fn a_line_on_which_as_many_wait_as_may_is_ended_and_takes_nothing_more() {
    let (line, _writer, _client) = line();
    for _ in 0..LIMIT {
        assert!(line.enqueue(frame("waits")));
    }
    assert!(!line.enqueue(frame("too many")));
    assert_eq!(line.evicted().await, Eviction::TooSlow);
    assert!(!line.enqueue(frame("after the end")));
    line.end(Eviction::Replaced);
    assert_eq!(
        line.evicted().await,
        Eviction::TooSlow,
        "the first reason stays"
    );
}

#[tokio::test]
async fn the_past_does_not_count_as_waiting_and_comes_first() {
    let (line, _writer, mut client) = line();
    line.enqueue(frame("now"));
    line.send_first(frame("the past of many frames, "));
    let all = while_read(&line, read(&mut client, 28)).await;
    assert_eq!(all, "the past of many frames, now");
}

#[tokio::test]
async fn a_goodbye_drops_what_waits_but_for_a_frame_that_has_begun() {
    let (line, _writer, mut client) = line();
    for text in ["a frame of many bytes ", "dropped", "dropped too"] {
        line.enqueue(frame(text));
    }
    line.write(); // as much of the first one as the network takes
    let goodbye = line.close(frame("goodbye"), true);
    let mut all = String::new();
    let (said, _) = tokio::join!(goodbye, client.read_to_string(&mut all));
    said.unwrap();
    assert_eq!(all, "a frame of many bytes goodbye");
    assert!(!line.enqueue(frame("after it")));
}

#[tokio::test]
async fn a_session_that_waits_is_woken_where_its_writer_cannot_go_on() {
    let (line, _writer, mut client) = line();
    let session = {
        let line = Arc::clone(&line);
        async move { line.read(|_| {}).await }
    };
    let lifecycle = testing::TestLifecycle::default();
    let session = lifecycle.lifecycle().spawn(session);
    tokio::task::yield_now().await; // it waits for bytes of the client
    line.enqueue(frame("longer than the network takes"));
    line.write();
    let all = timeout(Duration::from_secs(20), read(&mut client, 29)).await;
    assert_eq!(all.unwrap(), "longer than the network takes");
    drop(client);
    assert!(!session.await.unwrap().unwrap(), "the client's end");
}

#[tokio::test]
async fn a_network_that_fails_is_seen_by_the_session() {
    let (line, _writer, client) = line();
    drop(client);
    line.enqueue(frame("nobody hears it"));
    line.write();
    assert!(line.read(|_| {}).await.is_err());
}
