//! Links and faults: what is broken on the command line, by the API and by toxiproxy's.

use std::io::{Read, Write};
use std::net::TcpListener;

use serde_json::{Value, json};
use testing::eventually;

use crate::harness::{Lab, listens, malha};

const LINK: &str = "desafio1-client-to-desafio1-servidor";
const SERVIDOR: &str = "desafio1-servidor";

impl Lab {
    /// Runs a command beside this lab; what it printed, and whether it succeeded.
    pub(crate) fn command(&self, args: &[&str]) -> (String, bool) {
        let page = self.ports.page.to_string();
        let output = malha().args(args).args(["--at", &page]).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (String::from_utf8(text).unwrap(), output.status.success())
    }

    pub(crate) fn done(&self, args: &[&str]) -> String {
        let (said, is_success) = self.command(args);
        assert!(is_success, "{args:?}: {said}");
        said
    }

    pub(crate) async fn link(&self, name: &str) -> Value {
        let links = self.json("/lab/links").await;
        let links = links["links"].as_array().unwrap().clone();
        links.into_iter().find(|link| link["name"] == name).unwrap()
    }

    pub(crate) async fn until_state(&self, service: &str, state: &str) -> Value {
        eventually(&format!("{service} is {state}"), async || {
            let service = self.service(service).await;
            (service["state"] == state).then_some(service)
        })
        .await
    }

    async fn until_client(&self, is_ready: bool) {
        eventually(
            &format!("the client's readiness is {is_ready}"),
            async || {
                let client = self.service("desafio1-client").await;
                (client["ready"] == is_ready).then_some(())
            },
        )
        .await;
    }
}

#[tokio::test]
async fn a_link_that_is_cut_says_what_to_look_for_and_is_mended() {
    let lab = Lab::ready(&[]).await;
    let said = lab.done(&["break", LINK, "cut"]);
    assert!(
        said.contains("look for: ") && said.contains("procure: "),
        "{said}"
    );
    assert!(!listens(lab.ports.servidor));
    lab.until_client(false).await;
    let link = lab.link(LINK).await;
    assert_eq!(
        (link["state"].as_str(), link["faults"][0]["kind"].as_str()),
        (Some("cut"), Some("cut"))
    );
    assert_eq!(lab.service(SERVIDOR).await["ready"], true);

    assert!(lab.done(&["mend"]).contains(LINK));
    lab.until_client(true).await;
    assert!(listens(lab.ports.servidor));
    let faults = lab.json("/lab/faults").await;
    assert!(faults["faults"][0]["ended"].as_u64().is_some(), "{faults}");
}

#[tokio::test]
async fn a_fault_is_put_back_when_its_time_is_over() {
    let lab = Lab::ready(&[]).await;
    lab.done(&["break", LINK, "silence", "for=300ms"]);
    eventually("the fault is over", async || {
        lab.link(LINK).await["faults"]
            .as_array()
            .unwrap()
            .is_empty()
            .then_some(())
    })
    .await;
    lab.until_client(true).await;
}

#[tokio::test]
async fn what_cannot_be_broken_is_refused_with_what_can() {
    let lab = Lab::ready(&[]).await;
    for (args, says) in [
        (
            &["break", "desafio1-client-to-desafio1-server", "cut"][..],
            LINK,
        ),
        (&["break", LINK, "lag=3"], "there are: latency=300ms"),
        (&["break", LINK, "bandwidth=0"], "from 1 to 1GiB"),
        (&["break", LINK, "cut", "for=0s"], "from 1ms to a day"),
        (&["wire", "desafio1-client-to-desafio1-server"], LINK),
        (&["wire", "trace=1f"], "remembers nothing"),
        (
            &["stop", "desafio1-servido"],
            "did you mean desafio1-servidor",
        ),
        (&["start", SERVIDOR], "is running: it cannot start now"),
        (&["resume", SERVIDOR], "is running: it cannot resume now"),
    ] {
        let (said, is_success) = lab.command(args);
        assert!(!is_success && said.contains(says), "{args:?}: {said}");
    }
    let links = lab.done(&["links"]);
    assert!(links.contains(LINK) && links.contains("open"), "{links}");
    let top = lab.done(&["top", "--once"]);
    assert!(top.contains(SERVIDOR) && top.contains(LINK), "{top}");
}

#[tokio::test]
async fn a_service_that_is_stopped_stays_so_until_it_is_started() {
    let lab = Lab::ready(&[]).await;
    let said = lab.done(&["stop", SERVIDOR]);
    assert!(said.contains("is ended and stays down until"), "{said}");
    lab.until_state(SERVIDOR, "stopped").await;
    lab.until_client(false).await;
    assert!(!listens(lab.ports.servidor));
    let stopped = lab.service(SERVIDOR).await;
    assert_eq!(stopped["state"], "stopped");
    assert!(
        stopped["fault"]["lookFor"]["pt"].as_str().is_some(),
        "{stopped}"
    );
    let said = lab.done(&["start", SERVIDOR]);
    assert_eq!(said, format!("{SERVIDOR} is started\n"));
    lab.until_client(true).await;
    assert!(lab.service(SERVIDOR).await["fault"].is_null());
}

#[tokio::test]
async fn a_service_that_is_killed_for_a_time_is_told_so_and_comes_back() {
    let lab = Lab::ready(&[]).await;
    lab.done(&["kill", SERVIDOR, "for=500ms"]);
    lab.logs(&["desafio1-servidor was killed by SIGKILL (signal 9); it stays down for now"])
        .await;
    let down = lab.until_state(SERVIDOR, "stopped").await;
    assert_eq!(down["last_exit"], "was killed by SIGKILL (signal 9)");
    lab.until_state(SERVIDOR, "running").await;
    lab.until_ready().await;
}

#[tokio::test]
async fn a_frozen_service_is_called_frozen_whoever_froze_it() {
    let lab = Lab::ready(&[("DESAFIO1_CLIENT_TIMEOUT", "200ms")]).await;
    lab.done(&["freeze", SERVIDOR]);
    lab.until_state(SERVIDOR, "frozen").await;
    lab.until_client(false).await;
    lab.done(&["resume", SERVIDOR]);
    lab.until_client(true).await;
    // It can go on at once, too.
    let said = lab.done(&["freeze", SERVIDOR]);
    assert!(said.contains("is frozen until malha resume"), "{said}");
    let said = lab.done(&["resume", SERVIDOR]);
    assert_eq!(said, format!("{SERVIDOR} goes on\n"));

    let pid = lab.service(SERVIDOR).await["pid"].as_u64().unwrap();
    crate::harness::send("STOP", pid);
    if cfg!(target_os = "linux") {
        lab.until_state(SERVIDOR, "frozen").await;
    }
    crate::harness::send("CONT", pid);
    lab.until_state(SERVIDOR, "running").await;
}

#[tokio::test]
async fn toxiproxy_s_api_breaks_the_same_links() {
    let lab = Lab::ready(&[]).await;
    let toxics = format!("http://{}/proxies/{LINK}/toxics", lab.ports.toxiproxy);
    let toxic = json!({"type": "latency", "attributes": {"latency": 5}});
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = http.post(&toxics).json(&toxic).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let fault = lab.link(LINK).await["faults"][0].clone();
    assert_eq!(
        (&fault["kind"], &fault["toward"]),
        (&json!("latency"), &json!("client"))
    );
    lab.done(&["mend", LINK]);
    let left: Value = http
        .get(&toxics)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(left, json!([]));
    // As on the page's port, a foreign site may send nothing.
    let foreign = http.post(&toxics).header("origin", "http://evil.example");
    assert_eq!(foreign.json(&toxic).send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn without_links_everything_runs_as_it_did() {
    let lab = Lab::ready(&[("LAB_LINKS", "off")]).await;
    let links = lab.json("/lab/links").await;
    assert_eq!(links, json!({"links": [], "toxiproxy": null}));
    assert!(!listens(lab.ports.toxiproxy));
    let (said, is_success) = lab.command(&["break", LINK, "cut"]);
    assert!(!is_success && said.contains("LAB_LINKS=off"), "{said}");
}

/// Answers every request with the same text, as a student's server would.
fn answer_on(listener: TcpListener) {
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            _ = stream.read(&mut [0; 4096]);
            let answer = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nminha\n";
            _ = stream.write_all(answer.as_bytes());
        }
    });
}

#[tokio::test]
async fn a_program_in_a_service_s_place_is_reached_on_its_documented_port() {
    let lab = Lab::start(&["desafio1", "--without", SERVIDOR], &[]);
    lab.logs(&[SERVIDOR, "left out"]).await;
    lab.until_state(SERVIDOR, "absent").await;
    answer_on(TcpListener::bind(lab.ports.servidor).unwrap());
    lab.says("desafio1-client   | minha").await;
    lab.until_ready().await;
}

#[tokio::test]
async fn a_program_in_a_service_s_place_is_seen_and_broken_behind_the_link() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = format!("{SERVIDOR}={}", listener.local_addr().unwrap());
    let lab = Lab::start(&["desafio1", "--without", &place], &[]);
    answer_on(listener);
    lab.says("desafio1-client   | minha").await;
    let link = lab.link(LINK).await;
    assert_eq!(
        (&link["state"], &link["stranger"]),
        (&json!("open"), &json!(true))
    );
    lab.done(&["break", LINK, "cut"]);
    lab.until_client(false).await;
}

#[tokio::test]
async fn what_passes_a_link_is_shown_with_its_trace() {
    let lab = Lab::ready(&[]).await;
    let request = eventually("a request passed the link", async || {
        let passed = lab.json(&format!("/lab/wire/{LINK}")).await;
        let messages = passed["messages"].as_array().unwrap().clone();
        messages
            .into_iter()
            .find(|message| message["direction"] == "upstream")
    })
    .await;
    assert_eq!(
        (&request["protocol"], &request["summary"]),
        (&json!("http/1.1"), &json!("GET /"))
    );
    assert_eq!(request["trace"]["by"], "traceparent");
    let trace = request["trace"]["id"].as_str().unwrap();
    let both = eventually("the answer belongs to the same trace", async || {
        let passed = lab.json(&format!("/lab/wire?trace={trace}")).await;
        let messages = passed["messages"].as_array().unwrap().clone();
        (messages.len() == 2).then_some(messages)
    })
    .await;
    assert_eq!(both[1]["summary"], "200 OK");
    assert_eq!(both[1]["trace"]["by"], "connection");

    let one = lab
        .json(&format!("/lab/wire/{LINK}/{}", request["id"]))
        .await;
    assert_eq!(one["hex"], request["hex"]);
    let capture = lab.request(&format!("/lab/wire.pcapng?trace={trace}"));
    let capture = capture.send().await.unwrap().bytes().await.unwrap();
    assert!(capture.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]));
    let comment = format!("trace {trace} span ");
    let mut windows = capture.windows(comment.len());
    assert!(windows.any(|window| window == comment.as_bytes()));
    let said = lab.done(&["wire", LINK]);
    assert!(said.contains("-> http/1.1: GET /"), "{said}");
    assert!(said.contains("47 45 54 20 2f"), "{said}");
}

#[tokio::test]
async fn a_request_without_a_context_belongs_to_the_span_of_its_time_and_port() {
    let lab = Lab::ready(&[]).await;
    let plain = format!("http://{}/", lab.ports.servidor);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    assert_eq!(http.get(plain).send().await.unwrap().status(), 200);
    let tied = eventually("what carries no context is tied to a span", async || {
        let passed = lab.json(&format!("/lab/wire/{LINK}?limit=500")).await;
        let messages = passed["messages"].as_array().unwrap().clone();
        let tied = messages.into_iter();
        let tied: Vec<_> = tied
            .filter(|message| message["trace"]["by"] == "time")
            .collect();
        (tied.len() == 2).then_some(tied)
    })
    .await;
    assert_eq!(tied[0]["trace"]["id"], tied[1]["trace"]["id"]);
    let id = tied[0]["trace"]["id"].as_str().unwrap();
    let trace = lab.json(&format!("/api/traces/{id}")).await;
    let spans = trace["data"][0]["spans"].as_array().unwrap();
    assert_eq!(spans.len(), 1);
    assert_eq!(spans[0]["spanID"], tied[0]["trace"]["span"]);
    let both = lab.json(&format!("/lab/wire?trace={id}")).await;
    assert_eq!(both["messages"], json!(tied));
}
