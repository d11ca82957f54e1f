//! Clients that are slow, silent, large, many or gone.

use super::*;

#[tokio::test]
async fn a_client_that_says_nothing_is_told_so_and_closed() {
    let server = start(TcpLimits {
        first_byte_timeout: SHORT,
        ..patient()
    })
    .await;
    assert_eq!(
        read_to_end(&mut server.connect().await).await,
        "refused: first_byte_timeout"
    );
    server.cut_by("first_byte_timeout").await;
    server.all_closed().await;
}

#[tokio::test]
async fn a_client_that_never_pauses_for_long_is_cut_off_in_the_end() {
    let limits = TcpLimits {
        request_timeout: SHORT,
        ..patient()
    };
    let server = start(limits).await;
    let mut stream = server.connect().await;
    stream.write_all(b"a").await.unwrap();
    assert_eq!(read_to_end(&mut stream).await, "refused: request_timeout");
    server.all_closed().await;
}

#[tokio::test]
async fn ten_megabytes_are_refused_and_their_sender_reads_why() {
    let server = start(patient()).await;
    let mut stream = server.connect().await;
    stream.write_all(&vec![b'x'; 10 << 20]).await.unwrap();
    stream.shutdown().await.unwrap();
    assert_eq!(read_to_end(&mut stream).await, "refused: too_long");
    server.all_closed().await;
}

#[tokio::test]
async fn a_sender_that_never_ends_is_dropped_after_its_refusal() {
    let server = start(TcpLimits {
        linger_timeout: SHORT,
        ..patient()
    })
    .await;
    let mut stream = server.connect().await;
    stream.write_all(b"123456789").await.unwrap();
    assert_eq!(read_to_end(&mut stream).await, "refused: too_long");
    let piece = vec![b'x'; 1 << 16];
    while stream.write_all(&piece).await.is_ok() {}
    server.cut_by("linger_timeout").await;
    server.all_closed().await;
}

#[tokio::test]
async fn a_client_that_never_reads_costs_nothing_once_it_is_answered() {
    let server = start(patient()).await;
    let mut stream = server.connect().await;
    stream.write_all(b"ana\n").await.unwrap();
    server.all_closed().await;
    assert_eq!(
        read_to_end(&mut stream).await,
        "ANA",
        "the answer waited in the kernel"
    );
}

#[tokio::test]
async fn a_client_that_resets_leaves_nothing_behind() {
    let server = start(patient()).await;
    let mut stream = server.connect().await;
    stream.write_all(b"an").await.unwrap();
    let begun = "server_connections_open{protocol=\"capitals\"} 1";
    server.counts(begun).await;
    stream.set_zero_linger().unwrap(); // closing now resets
    drop(stream);
    let labels = "protocol=\"capitals\",outcome=\"reset\"";
    server
        .counts(&format!(
            "tcp_server_request_duration_seconds_count{{{labels}}} 1"
        ))
        .await;
    server.all_closed().await;
}

#[tokio::test]
async fn a_client_beyond_the_cap_is_told_so_and_the_next_is_served_once_there_is_room() {
    let server = start(TcpLimits {
        max_connections: 1,
        ..patient()
    })
    .await;
    let first = server.connect().await;
    server
        .counts("server_connections_open{protocol=\"capitals\"} 1")
        .await;
    assert_eq!(
        read_to_end(&mut server.connect().await).await,
        "refused: max_connections"
    );
    drop(first);
    server.all_closed().await;
    assert_eq!(server.ask(b"ana\n").await, "ANA");
}

#[tokio::test]
async fn one_address_cannot_take_every_place() {
    let server = start(TcpLimits {
        max_connections_per_address: 1,
        ..patient()
    })
    .await;
    let _first = server.connect().await;
    server
        .counts("server_connections_open{protocol=\"capitals\"} 1")
        .await;
    let refused = read_to_end(&mut server.connect().await).await;
    assert_eq!(refused, "refused: max_connections_per_address");
    let other = tokio::net::TcpSocket::new_v4().unwrap();
    other.bind(([127, 0, 0, 2], 0).into()).unwrap();
    let mut other = other.connect(server.address).await.unwrap();
    other.write_all(b"ana\n").await.unwrap();
    assert_eq!(read_to_end(&mut other).await, "ANA");
}

#[tokio::test]
async fn a_crowd_of_silent_clients_keeps_nobody_from_being_answered() {
    let server = start(patient()).await;
    let mut silent = Vec::new();
    for _ in 0..500 {
        silent.push(server.connect().await);
    }
    assert_eq!(server.ask(b"ana\n").await, "ANA");
    drop(silent);
    server.all_closed().await;
}

#[tokio::test]
async fn requests_beyond_the_memory_are_refused_and_those_before_them_go_on() {
    let server = start(patient()).await;
    let memory = server.lifecycle.lifecycle().memory();
    memory.set(56 << 10); // four connections with a request, and a fifth without
    let mut begun = Vec::new();
    for number in 1..=4 {
        let mut stream = server.connect().await;
        stream.write_all(b"an").await.unwrap();
        let read = async || (memory.held() >= number * (12 << 10)).then_some(());
        eventually("the beginning is read", read).await;
        begun.push(stream);
    }
    assert_eq!(server.ask(b"rui\n").await, "refused: memory_budget");
    server.cut_by("memory_budget").await;
    for stream in &mut begun {
        stream.write_all(b"a\n").await.unwrap();
        assert_eq!(read_to_end(stream).await, "ANA");
    }
    server.all_closed().await;
    assert_eq!(memory.held(), 0);
    assert_eq!(server.ask(b"rui\n").await, "RUI");
}
