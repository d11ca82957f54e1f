//! The two programs as real processes: how they start, drain and end.
#![cfg(test)]

use std::time::Duration;

use testing::{Collector, Process, Signal, TraceParent, eventually, listener};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const SERVIDOR: &str = env!("CARGO_BIN_EXE_desafio1-servidor");
const CLIENT: &str = env!("CARGO_BIN_EXE_desafio1-client");

/// A connection on which half a request was sent, and the other half.
async fn half_request(process: &Process, caller: TraceParent) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(process.address("LISTEN").await)
        .await
        .unwrap();
    let request = format!(
        "GET / HTTP/1.1\r\nhost: a\r\ntraceparent: {}\r\n\r\n",
        caller.header()
    );
    let (first, second) = request.split_at(20);
    stream.write_all(first.as_bytes()).await.unwrap();
    (stream, second.to_owned())
}

#[tokio::test]
async fn a_request_in_flight_at_sigterm_is_answered_and_its_span_delivered() {
    let collector = Collector::start().await;
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint());
    let mut servidor = Process::start(SERVIDOR, &[endpoint]);
    let caller = TraceParent::random();
    let (mut stream, rest) = half_request(&servidor, caller).await;
    servidor.signal(Signal::SIGTERM);
    servidor.stderr.containing("\"message\":\"draining\"").await;

    stream.write_all(rest.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200 OK") && answer.contains("connection: close"),
        "{answer}"
    );
    assert_eq!(servidor.ended().await.code(), Some(0));
    assert_eq!(collector.names_of(caller.trace_id).await, ["GET /"]);
}

#[tokio::test]
async fn during_the_drain_delay_it_serves_but_is_not_ready() {
    let mut servidor = Process::start(SERVIDOR, &[("DRAIN_DELAY", "1h")]);
    servidor.until_ready(true).await;
    servidor.signal(Signal::SIGTERM);
    servidor.stderr.containing("\"message\":\"draining\"").await;
    let (status, report) = servidor.readyz().await;
    assert_eq!((status, &report["draining"]), (503, &true.into()));
    let url = format!("http://{}/", servidor.address("LISTEN").await);
    let answer = reqwest::get(url).await.unwrap();
    assert_eq!(
        (
            answer.status().as_u16(),
            answer.headers()["connection"].as_bytes()
        ),
        (200, &b"close"[..])
    );

    // A second signal ends it at once, an hour before the delay would.
    servidor.signal(Signal::SIGTERM);
    assert_eq!(servidor.ended().await.code(), Some(143));
}

#[tokio::test]
async fn a_dead_stream_does_not_hold_the_exit_beyond_the_deadline() {
    let settings = [("DRAIN_TIMEOUT", "100ms"), ("HEADER_TIMEOUT", "1h")];
    let mut servidor = Process::start(SERVIDOR, &settings);
    let (mut stream, _never_sent) = half_request(&servidor, TraceParent::random()).await;
    servidor.signal(Signal::SIGTERM);
    assert_eq!(servidor.ended().await.code(), Some(0));
    servidor.stderr.containing("drain deadline passed").await;
    let mut answer = Vec::new();
    // Closed or reset, as the kernel likes, but not answered.
    let _ = stream.read_to_end(&mut answer).await;
    assert!(answer.is_empty());
}

#[tokio::test]
async fn ctrl_c_skips_the_drain_delay() {
    let mut servidor = Process::start(SERVIDOR, &[("DRAIN_DELAY", "1h")]);
    servidor.address("LISTEN").await;
    servidor.signal(Signal::SIGINT);
    assert_eq!(servidor.ended().await.code(), Some(0));
}

#[tokio::test]
async fn it_ends_with_its_standard_input_when_told_so() {
    let mut servidor = Process::start(SERVIDOR, &[("EXIT_WITH_STDIN", "true")]);
    servidor.address("LISTEN").await;
    servidor.close_stdin();
    assert_eq!(servidor.ended().await.code(), Some(0));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn it_has_room_for_the_files_of_a_crowd_before_one_comes() {
    let servidor = Process::start(SERVIDOR, &[("MAX_CONNECTIONS", "700")]);
    let status = format!("/proc/{}/status", servidor.id().unwrap());
    let room = async || {
        let status = std::fs::read_to_string(&status).ok()?;
        let size = status.lines().find_map(|line| line.strip_prefix("FDSize:"));
        let size: u32 = size?.trim().parse().ok()?;
        (size >= 700).then_some(())
    };
    eventually("its table of files is large enough", room).await;
}

#[tokio::test]
async fn a_port_in_use_ends_it_with_the_setting_that_moves_it() {
    let taken = listener().await;
    let address = taken.local_addr().unwrap().to_string();
    let mut servidor = Process::start(SERVIDOR, &[("LISTEN", &address)]);
    assert_eq!(servidor.ended().await.code(), Some(1));
    servidor
        .stderr
        .containing(&format!("LISTEN={address}: something else listens there"))
        .await;
}

#[tokio::test]
async fn a_wrong_setting_ends_it_with_code_2_before_anything_starts() {
    let mut client = Process::start(CLIENT, &[("INTERVAL", "soon")]);
    assert_eq!(client.ended().await.code(), Some(2));
    client
        .stderr
        .containing("INTERVAL=\"soon\" (from the environment) is refused")
        .await;
    assert!(client.stdout.all().is_empty());
}

#[tokio::test]
async fn spans_for_a_collector_on_this_machine_pass_the_proxy_by() {
    let proxy = listener().await;
    let url = format!("http://{}", proxy.local_addr().unwrap());
    let collector = Collector::start().await;
    let settings = [
        ("HTTP_PROXY", &*url),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint()),
        ("OTEL_BSP_SCHEDULE_DELAY", "10"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "none"),
        ("OTEL_LOG_LEVEL", "debug"),
    ];
    let servidor = Process::start(SERVIDOR, &settings);
    let caller = TraceParent::random();
    let (mut stream, rest) = half_request(&servidor, caller).await;
    stream.write_all(rest.as_bytes()).await.unwrap();
    assert_eq!(collector.names_of(caller.trace_id).await, ["GET /"]);
    let asked = tokio::time::timeout(Duration::ZERO, proxy.accept()).await;
    assert!(asked.is_err(), "{asked:?}");
    for told in [
        "is not a whole number, 1 or more; 2048 is used",
        "not used by this program: OTEL_LOG_LEVEL",
    ] {
        servidor.stderr.containing(told).await;
    }
}

#[tokio::test]
async fn an_absent_collector_costs_one_warning_and_no_request() {
    let absent = listener().await;
    let endpoint = format!("http://{}", absent.local_addr().unwrap());
    drop(absent);
    let settings = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint),
        ("OTEL_BSP_SCHEDULE_DELAY", "10"),
    ];
    let mut servidor = Process::start(SERVIDOR, &settings);
    let url = format!("http://{}/", servidor.address("LISTEN").await);
    assert_eq!(reqwest::get(&url).await.unwrap().status(), 200);
    servidor.stderr.containing("spans are not delivered").await;
    assert_eq!(reqwest::get(&url).await.unwrap().status(), 200);
    servidor.signal(Signal::SIGINT);
    assert_eq!(servidor.ended().await.code(), Some(0));
    let warnings = servidor.stderr.all();
    let warned = warnings
        .iter()
        .filter(|line| line.contains("spans are not delivered"))
        .count();
    assert_eq!(warned, 1, "{warnings:?}");
}

#[tokio::test]
async fn while_the_collector_hangs_requests_are_answered_within_their_traces_and_what_is_lost_is_counted()
 {
    let collector = Collector::start().await;
    collector.hang();
    let settings = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint()),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "60000"),
        ("OTEL_BSP_EXPORT_TIMEOUT", "60000"),
        ("OTEL_BSP_SCHEDULE_DELAY", "10"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "4"),
    ];
    let servidor = Process::start(SERVIDOR, &settings);
    let url = format!("http://{}/", servidor.address("LISTEN").await);
    let client = reqwest::Client::new();
    let ask = async || {
        let caller = TraceParent::random();
        let request = client.get(&url).header("traceparent", caller.header());
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.bytes().await.unwrap(); // the connection is free for the next one
        caller.trace_id
    };
    let sent = ask().await;
    collector.keeps_somebody_waiting().await;
    let mut waiting = Vec::new();
    for _ in 0..4 {
        waiting.push(ask().await);
    }
    let mut lost = Vec::new();
    for _ in 0..10 {
        lost.push(ask().await);
    }
    let metrics = async || {
        let url = format!("http://{}/metrics", servidor.address("ADMIN_LISTEN").await);
        let request = client
            .get(url)
            .header("accept", "application/openmetrics-text");
        request.send().await.unwrap().text().await.unwrap()
    };
    let counted = "otel_spans_lost_total{reason=\"queue_full\"} 10\n";
    let shown = metrics().await;
    assert!(shown.contains(counted), "{shown}");
    // An exemplar is of a request that has an identity and is sampled.
    let exemplar = format!("trace_id=\"{}\"", lost[9]);
    assert!(shown.contains(&exemplar), "{exemplar}: {shown}");

    collector.answer();
    assert_eq!(collector.names_of(sent).await, ["GET /"]);
    for each in waiting {
        assert_eq!(collector.names_of(each).await, ["GET /"]);
    }
    let later = [ask().await, ask().await];
    for each in later {
        assert_eq!(collector.names_of(each).await, ["GET /"]);
    }
    for each in lost {
        assert_eq!(collector.count_of(each), 0);
    }
    let shown = metrics().await;
    assert!(shown.contains(counted), "{shown}");
}

#[tokio::test]
async fn the_client_prints_what_the_server_answers_and_outlives_it() {
    let mut servidor = Process::start(SERVIDOR, &[("MESSAGE", "Olá, processo!")]);
    let url = format!("http://{}/", servidor.address("LISTEN").await);
    let settings = [
        ("SERVER_URL", &*url),
        ("INTERVAL", "10ms"),
        ("MAX_BACKOFF", "20ms"),
    ];
    let mut client = Process::start(CLIENT, &settings);
    assert_eq!(client.stdout.containing("Olá").await, "Olá, processo!");
    servidor.signal(Signal::SIGKILL);
    servidor.ended().await;
    client.stderr.containing("\"message\":\"no answer\"").await;
    client.until_ready(false).await;
    client.signal(Signal::SIGTERM);
    let ended = tokio::time::timeout(Duration::from_mins(1), client.ended()).await;
    assert_eq!(ended.unwrap().code(), Some(0));
}
