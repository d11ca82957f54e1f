use std::fmt::Write;

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::failing::failing;
use crate::support::{Gateway, Server, header, pair, problem};

#[tokio::test]
async fn a_body_beyond_the_limit_is_413_whether_it_tells_its_size_or_not() {
    let server = Server::start(&[]).await;
    let gateway = Gateway::start(&[server.address], &[("MAX_BODY_BYTES", "100")]).await;
    let long = json!({"nome": "x".repeat(100), "email": "ana@exemplo.com"});
    problem(gateway.post(&long).await, 413).await;

    let mut stream = TcpStream::connect(&gateway.url["http://".len()..])
        .await
        .unwrap();
    let mut request = "POST /usuarios HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n\
        connection: close\r\ntransfer-encoding: chunked\r\n\r\n"
        .to_owned();
    for _ in 0..3 {
        write!(request, "32\r\n{}\r\n", "x".repeat(50)).unwrap();
    }
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn a_body_that_does_not_come_is_408_and_a_broken_one_400() {
    let server = Server::start(&[]).await;
    let gateway = Gateway::start(&[server.address], &[("REQUEST_DEADLINE", "200ms")]).await;
    for (body, status) in [("5\r\n{\"no", "408"), ("x\r\n", "400")] {
        let mut stream = TcpStream::connect(&gateway.url["http://".len()..])
            .await
            .unwrap();
        let head = "POST /usuarios HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n\
            transfer-encoding: chunked\r\n\r\n";
        stream
            .write_all(format!("{head}{body}").as_bytes())
            .await
            .unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(
            String::from_utf8_lossy(&answer),
            format!("HTTP/1.1 {status}")
        );
    }
}

#[tokio::test]
async fn an_address_that_asks_too_often_is_429_and_told_when_to_come_back() {
    let server = Server::start(&[]).await;
    let slow = [
        ("MAX_REQUESTS_PER_SECOND", "1"),
        ("MAX_REQUESTS_BURST", "3"),
    ];
    let gateway = Gateway::start(&[server.address], &slow).await;
    let refused = testing::eventually("a request is refused", async || {
        let answer = gateway.get("/usuarios").await;
        (answer.status() != 200).then_some(answer)
    })
    .await;
    assert_eq!(header(&refused, "retry-after"), "1");
    problem(refused, 429).await;
}

#[tokio::test]
async fn beyond_what_may_be_under_way_requests_are_503() {
    let (server, _, _life) = failing(None).await;
    let one = [("MAX_REQUESTS", "1"), ("MAX_STREAMS", "1")];
    let gateway = Gateway::start(&[server], &one).await;
    let waiting = gateway.ask(Method::GET, "/usuarios").send();
    let refused = async {
        testing::eventually("a request finds no room", async || {
            let answer = gateway.get("/docs").await;
            (answer.status() == 503).then_some(answer)
        })
        .await
    };
    tokio::select! {
        answer = waiting => panic!("{answer:?}"),
        refused = refused => {
            assert_eq!(header(&refused, "retry-after"), "1");
            problem(refused, 503).await;
        }
    }
}

#[tokio::test]
async fn a_crowd_from_one_address_leaves_requests_to_others() {
    let server = Server::start(&[]).await;
    let patient = [("MAX_REQUESTS", "16"), ("REQUEST_DEADLINE", "10s")];
    let gateway = Gateway::start(&[server.address], &patient).await;
    let mut crowd = Vec::new();
    for _ in 0..12 {
        let mut stream = TcpStream::connect(&gateway.url["http://".len()..])
            .await
            .unwrap();
        let unfinished = b"POST /usuarios HTTP/1.1\r\nhost: a\r\nx-forwarded-for: 192.0.2.1\r\n\
            content-type: application/json\r\ncontent-length: 9\r\n\r\n{";
        stream.write_all(unfinished).await.unwrap();
        crowd.push(stream);
    }
    let asked = async |client: &str| {
        let request = gateway.ask(Method::GET, "/docs");
        let request = request.header("x-forwarded-for", client);
        request.send().await.unwrap().status()
    };
    testing::eventually("the crowd finds no room", async || {
        (asked("192.0.2.1").await == 503).then_some(())
    })
    .await;
    assert_eq!(asked("192.0.2.2").await, 200);
}

#[tokio::test]
async fn streams_beyond_their_number_are_503_and_others_are_served() {
    let server = Server::start(&[]).await;
    let gateway = Gateway::start(&[server.address], &[("MAX_STREAMS", "1")]).await;
    let first = gateway.get("/usuarios/mudancas").await;
    assert_eq!(first.status(), 200);
    problem(gateway.get("/usuarios/mudancas").await, 503).await;
    assert_eq!(gateway.get("/usuarios").await.status(), 200);
    drop(first);
    testing::eventually("there is room again", async || {
        (gateway.get("/usuarios/mudancas").await.status() == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_crowd_from_one_address_leaves_streams_to_others() {
    let server = Server::start(&[]).await;
    let gateway = Gateway::start(&[server.address], &[("MAX_STREAMS", "16")]).await;
    let watch = async |client: &str| {
        let request = gateway.ask(Method::GET, "/usuarios/mudancas");
        let request = request.header("x-forwarded-for", client);
        request.send().await.unwrap()
    };
    let mut crowd = Vec::new();
    let refused = loop {
        let answer = watch("192.0.2.1").await;
        if answer.status() != 200 {
            break answer;
        }
        crowd.push(answer);
    };
    assert_eq!(crowd.len(), 12);
    problem(refused, 503).await;
    assert_eq!(watch("192.0.2.2").await.status(), 200);
}

#[tokio::test]
async fn streams_take_no_places_of_calls() {
    let server = Server::start(&[("MAX_CONCURRENT_STREAMS", "2")]).await;
    let gateway = Gateway::start(&[server.address], &[]).await;
    let mut open = Vec::new();
    for _ in 0..2 {
        open.push(gateway.get("/usuarios/mudancas").await);
    }
    assert!(open.iter().all(|stream| stream.status() == 200));
    for _ in 0..10 {
        assert_eq!(gateway.get("/usuarios").await.status(), 200);
    }
}

#[tokio::test]
async fn requests_are_counted_by_method_and_route() {
    let (gateway, _server) = pair().await;
    gateway.get("/usuarios/x").await;
    let metrics = gateway.lifecycle.lifecycle().metrics().render().unwrap();
    let line = "http_request_method=\"GET\",http_route=\"/usuarios/{id}\",http_response_status_code=\"422\"";
    assert!(metrics.contains(line), "{metrics}");
}
