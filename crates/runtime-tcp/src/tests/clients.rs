//! Clients as they are in the wild, with a header and without.

use super::*;
use crate::proxy::SIGNATURE;

#[tokio::test]
async fn a_line_is_answered_at_its_end_whatever_follows() {
    let server = start(patient()).await;
    assert_eq!(server.ask(b"ana\n").await, "ANA");
    assert_eq!(server.ask(b"ana\r\n").await, "ANA");
    assert_eq!(server.ask(b"ana\nrui\n").await, "ANA");
}

#[tokio::test]
async fn the_end_of_input_ends_a_request() {
    let server = start(patient()).await;
    let mut stream = server.connect().await;
    stream.write_all(b"ana").await.unwrap();
    stream.shutdown().await.unwrap();
    assert_eq!(read_to_end(&mut stream).await, "ANA");
}

#[tokio::test]
async fn a_pause_ends_a_request() {
    let server = start(TcpLimits {
        pause: SHORT,
        ..patient()
    })
    .await;
    assert_eq!(server.ask(b"ana").await, "ANA");
}

#[tokio::test]
async fn many_small_writes_are_one_request() {
    let server = start(patient()).await;
    let mut stream = server.connect().await;
    stream.set_nodelay(true).unwrap();
    for byte in b"ana\n" {
        stream.write_all(&[*byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(read_to_end(&mut stream).await, "ANA");
}

#[tokio::test]
async fn a_header_is_no_part_of_the_request_even_when_the_request_comes_later() {
    let server = start(TcpLimits {
        pause: SHORT,
        ..patient()
    })
    .await;
    let header = [&SIGNATURE[..], &[0x20, 0, 0, 0]].concat();
    assert_eq!(server.ask(&[&header[..], b"ana"].concat()).await, "ANA");

    let mut stream = server.connect().await;
    stream.write_all(&header).await.unwrap();
    // Longer than the pause: behind a header the request has the time of a first byte.
    assert!(
        tokio::time::timeout(SHORT * 2, stream.readable())
            .await
            .is_err()
    );
    stream.write_all(b"ana").await.unwrap();
    assert_eq!(read_to_end(&mut stream).await, "ANA");
}

#[tokio::test]
async fn what_only_begins_like_a_header_is_the_request_once_it_pauses() {
    let server = start(TcpLimits {
        pause: SHORT,
        ..patient()
    })
    .await;
    // Before its first line end nothing stands.
    assert_eq!(server.ask(&SIGNATURE[..4]).await, "");
    server
        .counts("tcp_server_request_duration_seconds_count{protocol=\"capitals\",outcome=\"ok\"} 1")
        .await;
}

#[tokio::test]
async fn a_broken_header_and_a_truncated_one_are_refused() {
    let server = start(TcpLimits {
        idle_timeout: SHORT,
        ..patient()
    })
    .await;
    let broken = [&SIGNATURE[..], &[0x31, 0, 0, 0]].concat();
    assert_eq!(server.ask(&broken).await, "refused: proxy_header");
    let truncated = [&SIGNATURE[..], &[0x20, 0, 0, 9, 1]].concat();
    assert_eq!(server.ask(&truncated).await, "refused: proxy_header");
}

const LINE: &[u8] = b"PROXY TCP4 192.0.2.1 192.0.2.2 54321 8080\r\n";

#[tokio::test]
async fn headers_of_several_proxies_are_no_part_of_the_request() {
    let server = start(patient()).await;
    let hop = [&SIGNATURE[..], &[0x21, 0x11, 0, 12], &[7; 12]].concat();
    for sent in [
        [LINE, b"ana\n"].concat(),
        [&hop, LINE, b"ana\n"].concat(),
        [LINE, &hop, &hop, LINE, b"ana\n"].concat(),
    ] {
        assert_eq!(server.ask(&sent).await, "ANA", "{sent:?}");
    }
    assert_eq!(
        server
            .ask(&[LINE.repeat(5), b"ana\n".to_vec()].concat())
            .await,
        "refused: proxy_header"
    );
}

#[tokio::test]
async fn a_look_whether_somebody_listens_is_no_request() {
    let spans = testing::Spans::capture();
    let server = start(patient()).await;
    let local = [&SIGNATURE[..], &[0x20, 0, 0, 0]].concat();
    let mut ports = Vec::new();
    for sent in [&b""[..], &local, LINE, b"PROXY UNKNOWN\r\n"] {
        for resets in [false, true] {
            let mut stream = server.connect().await;
            ports.push(stream.local_addr().unwrap().port());
            stream.write_all(sent).await.unwrap();
            if resets {
                stream.set_zero_linger().unwrap(); // closing now resets
            } else {
                stream.shutdown().await.unwrap();
                read_to_end(&mut stream).await;
            }
            drop(stream);
        }
    }
    server.all_closed().await;
    for port in ports {
        assert!(spans.with("network.peer.port", i64::from(port)).is_empty());
    }
    // The one request of this server.
    assert_eq!(server.ask(b"ana\n").await, "ANA");
    server
        .counts("tcp_server_request_duration_seconds_count{protocol=\"capitals\",outcome=\"ok\"} 1")
        .await;
    let rendered = server.lifecycle.lifecycle().metrics().render().unwrap();
    let counted = rendered
        .lines()
        .filter(|line| line.starts_with("tcp_server_request_duration_seconds_count"));
    assert_eq!(counted.count(), 1, "{rendered}");
}

#[tokio::test]
async fn bytes_behind_the_request_that_nobody_read_do_not_cost_the_answer() {
    let server = start(patient()).await;
    // A header and a request of 128 bytes together: what the server reads at first.
    let header = [&SIGNATURE[..], &[0x20, 0, 0, 108, 0xe1, 0, 105], &[0; 105]].concat();
    let request = [&header[..], b"ana\n"].concat();
    assert_eq!(request.len(), 128);
    for _ in 0..20 {
        assert_eq!(server.ask(&[&request[..], b"rui\n"].concat()).await, "ANA");
    }
}
