//! The end of a server: what has begun is finished, what is silent is not waited for.

use super::*;

#[tokio::test]
async fn while_draining_requests_are_still_answered() {
    let server = start(patient()).await;
    server.lifecycle.drain();
    assert_eq!(server.ask(b"ana\n").await, "ANA");
}

#[tokio::test]
async fn a_request_that_has_begun_is_finished_and_silence_is_not_waited_for() {
    let server = start(patient()).await;
    let (mut begun, mut silent) = (server.connect().await, server.connect().await);
    begun.write_all(b"an").await.unwrap();
    server
        .counts("server_connections_open{protocol=\"capitals\"} 2")
        .await;
    server.lifecycle.stop();
    server.ended.await.unwrap();
    assert_eq!(read_to_end(&mut silent).await, "");
    begun.write_all(b"a\n").await.unwrap();
    assert_eq!(read_to_end(&mut begun).await, "ANA");
    assert_eq!(server.lifecycle.end(LONG).await, 0);
}

#[tokio::test]
async fn a_request_that_does_not_end_is_cut_at_the_deadline() {
    let server = start(patient()).await;
    let mut stream = server.connect().await;
    stream.write_all(b"an").await.unwrap();
    server
        .counts("server_connections_open{protocol=\"capitals\"} 1")
        .await;
    assert_eq!(server.lifecycle.end(SHORT).await, 1);
    assert_eq!(read_to_end(&mut stream).await, "");
}
