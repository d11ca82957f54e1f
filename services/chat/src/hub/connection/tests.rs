//! Connections over a pipe that holds a few bytes.

use std::time::Duration;

use tokio::io::{AsyncReadExt, DuplexStream, duplex};
use tokio::time::timeout;

use super::*;

/// Bytes that the network takes before the client reads.
const NETWORK: usize = 16;

/// Frames that may wait.
const LIMIT: usize = 4;

/// A connection, its worker, and its client.
fn connect() -> (Arc<ClientConnection>, Arc<FlushWorker>, DuplexStream) {
    let (stream, client) = duplex(NETWORK);
    let worker = Arc::new(FlushWorker::default());
    let connection = ClientConnection::new(Box::new(stream), LIMIT, Arc::clone(&worker));
    (connection, worker, client)
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
async fn while_read<T>(connection: &ClientConnection, reading: impl Future<Output = T>) -> T {
    tokio::select! {
        read = reading => read,
        came = connection.read(|_| {}) => panic!("{came:?} from a silent client"),
    }
}

#[tokio::test]
async fn what_is_handed_is_listed_once_and_written_together() {
    let (connection, worker, mut client) = connect();
    for text in ["one ", "two ", "three"] {
        assert!(Arc::clone(&connection).enqueue(frame(text)));
    }
    let mut listed = Vec::new();
    worker.take(&mut listed);
    assert_eq!(listed.len(), 1);
    listed.drain(..).for_each(|connection| connection.flush());
    assert_eq!(read(&mut client, 13).await, "one two three");
    assert!(Arc::clone(&connection).enqueue(frame("four")));
    worker.take(&mut listed);
    assert_eq!(listed.len(), 1, "listed anew");
}

#[tokio::test]
async fn what_the_network_does_not_take_at_once_is_written_by_the_session_and_in_order() {
    let (connection, _writer, mut client) = connect();
    Arc::clone(&connection).enqueue(frame("0123456789"));
    Arc::clone(&connection).enqueue(frame("abcdefghij"));
    connection.flush();
    Arc::clone(&connection).enqueue(frame("ABCDEFGHIJ"));
    let all = while_read(&connection, read(&mut client, 30)).await;
    assert_eq!(all, "0123456789abcdefghijABCDEFGHIJ");
}

#[tokio::test]
async fn who_does_not_read_is_not_heard() {
    let (connection, _writer, mut client) = connect();
    Arc::clone(&connection).enqueue(frame("more than the network takes"));
    connection.flush();
    tokio::io::AsyncWriteExt::write_all(&mut client, b"hello?")
        .await
        .unwrap();
    let mut heard = Vec::new();
    {
        let reading = connection.read(|bytes| heard.extend_from_slice(bytes));
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
async fn a_connection_on_which_as_many_wait_as_may_is_ended_and_takes_nothing_more() {
    let (connection, _writer, _client) = connect();
    for _ in 0..LIMIT {
        assert!(Arc::clone(&connection).enqueue(frame("waits")));
    }
    assert!(!Arc::clone(&connection).enqueue(frame("too many")));
    assert_eq!(connection.evicted().await, Eviction::TooSlow);
    assert!(!Arc::clone(&connection).enqueue(frame("after the end")));
    connection.evict(Eviction::Replaced);
    assert_eq!(
        connection.evicted().await,
        Eviction::TooSlow,
        "the first reason stays"
    );
}

#[tokio::test]
async fn the_past_does_not_count_as_waiting_and_comes_first() {
    let (connection, _writer, mut client) = connect();
    Arc::clone(&connection).enqueue(frame("now"));
    connection.send_first(frame("the past of many frames, "));
    let all = while_read(&connection, read(&mut client, 28)).await;
    assert_eq!(all, "the past of many frames, now");
}

#[tokio::test]
async fn a_goodbye_drops_what_waits_but_for_a_frame_that_has_begun() {
    let (connection, _writer, mut client) = connect();
    for text in ["a frame of many bytes ", "dropped", "dropped too"] {
        Arc::clone(&connection).enqueue(frame(text));
    }
    connection.flush(); // as much of the first one as the network takes
    let goodbye = async {
        connection.close(frame("goodbye"), true).await?;
        connection.shut_down().await
    };
    let mut all = String::new();
    let (said, _) = tokio::join!(goodbye, client.read_to_string(&mut all));
    said.unwrap();
    assert_eq!(all, "a frame of many bytes goodbye");
    assert!(!Arc::clone(&connection).enqueue(frame("after it")));
}

#[tokio::test]
async fn a_session_that_waits_is_woken_where_its_writer_cannot_go_on() {
    let (connection, _writer, mut client) = connect();
    let session = {
        let connection = Arc::clone(&connection);
        async move { connection.read(|_| {}).await }
    };
    let lifecycle = testing::TestLifecycle::default();
    let session = lifecycle.lifecycle().spawn(session);
    tokio::task::yield_now().await; // it waits for bytes of the client
    Arc::clone(&connection).enqueue(frame("longer than the network takes"));
    connection.flush();
    let all = timeout(Duration::from_secs(20), read(&mut client, 29)).await;
    assert_eq!(all.unwrap(), "longer than the network takes");
    drop(client);
    assert!(!session.await.unwrap().unwrap(), "the client's end");
}

#[tokio::test]
async fn a_network_that_fails_is_seen_by_the_session() {
    let (connection, _writer, client) = connect();
    drop(client);
    Arc::clone(&connection).enqueue(frame("nobody hears it"));
    connection.flush();
    assert!(connection.read(|_| {}).await.is_err());
}

#[tokio::test]
async fn a_session_that_does_not_read_writes_on() {
    let (connection, _writer, mut client) = connect();
    Arc::clone(&connection).enqueue(frame("more than the network takes"));
    connection.flush();
    let text = tokio::select! {
        text = read(&mut client, 27) => text,
        error = connection.keep_writing() => panic!("{error}"),
    };
    assert_eq!(text, "more than the network takes");
}
