//! The page's port: state, traces by Jaeger's API, and who may ask.

use serde_json::Value;
use testing::eventually;

use crate::harness::Lab;

#[tokio::test]
async fn services_come_up_ready_and_their_trace_has_both_in_it() {
    let lab = Lab::ready(&[]).await;
    lab.says("desafio1-client   | Olá!").await;
    let trace = eventually("a trace of two services", async || {
        let found = lab
            .json("/api/traces?service=desafio1-servidor&limit=1&lookback=1h")
            .await;
        let trace = found["data"].get(0)?.clone();
        (trace["processes"].as_object()?.len() == 2).then_some(trace)
    })
    .await;
    let spans = trace["spans"].as_array().unwrap();
    let server = spans
        .iter()
        .find(|span| tag(span, "span.kind") == "server")
        .unwrap();
    let client = spans
        .iter()
        .find(|span| tag(span, "span.kind") == "client")
        .unwrap();
    assert_eq!(server["references"][0]["refType"], "CHILD_OF");
    assert_eq!(server["references"][0]["spanID"], client["spanID"]);

    let services = lab.json("/api/services").await;
    let listed = services["data"].as_array().unwrap();
    for service in ["desafio1-client", "desafio1-servidor"] {
        assert!(listed.contains(&service.into()), "{listed:?}");
    }
    // Others come all the time, and the newest may lack its client's spans yet: this one has them.
    let id = trace["traceID"].as_str().unwrap();
    let latest = lab.json("/lab/traces?limit=200").await;
    let latest = latest["traces"].as_array().unwrap();
    let shown = latest.iter().find(|shown| shown["id"] == id).unwrap();
    assert_eq!(shown["service"], "desafio1-client");

    // The page of one trace, which other pages link to.
    let page = lab.request(&format!("/trace/{id}")).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("<title>Malha</title>"));
    let alone = lab.json(&format!("/lab/traces?trace={id}")).await;
    assert_eq!(alone["traces"].as_array().unwrap().len(), 1);
    assert_eq!(alone["traces"][0]["id"], id);
}

#[tokio::test]
async fn a_healthy_start_warns_of_nothing_and_no_trace_of_it_has_failed() {
    let lab = Lab::ready(&[]).await;
    for chat in ["serviceA", "serviceB"] {
        let asked = format!("/lab/traces?operation=ask%20presence&text={chat}");
        eventually("the chats have asked each other", async || {
            let found = lab.json(&asked).await;
            let traces = found["traces"].as_array()?.iter();
            traces
                .filter(|row| row["service"] == chat && row["spans"] == 3)
                .count()
                .checked_sub(1)
        })
        .await;
    }
    let failed = lab.json("/lab/traces?errors=true").await;
    assert_eq!(failed["traces"], serde_json::json!([]));
    let warnings = lab.json("/lab/logs?level=warn").await;
    assert_eq!(warnings["lines"], serde_json::json!([]));
}

#[tokio::test]
async fn a_service_tells_its_settings_without_its_secrets_and_how_it_fares() {
    let secret = [
        ("SERVICEA_RELAY_SECRET", "abracadabra-abracadabra"),
        ("SERVICEB_RELAY_SECRET", "abracadabra-abracadabra"),
    ];
    let lab = Lab::ready(&secret).await;
    let answer = lab.request("/lab/services/serviceA/settings");
    let text = answer.send().await.unwrap().text().await.unwrap();
    assert!(!text.contains("abracadabra"), "{text}");
    let settings: Value = serde_json::from_str(&text).unwrap();
    let value = |name: &str| {
        let mut all = settings["settings"].as_array().unwrap().iter();
        all.find(|one| one["name"] == name).unwrap()["value"].clone()
    };
    assert_eq!(value("RELAY_SECRET"), "***");
    assert!(value("PEER_URL").as_str().unwrap().ends_with("/relay"));
    assert_eq!(value("DRAIN_TIMEOUT"), "5s");

    let fares = "/lab/services/desafio1-servidor/metrics";
    eventually("requests are counted", async || {
        let metrics = lab.json(fares).await;
        let requests = metrics["requests"].as_array()?.iter();
        let counted: u64 = requests.filter_map(|step| step["count"].as_u64()).sum();
        (counted > 0 && metrics["samples"].is_array()).then_some(())
    })
    .await;
    let unknown = lab.request("/lab/services/nobody/settings");
    assert_eq!(unknown.send().await.unwrap().status(), 404);
}

fn tag<'a>(span: &'a Value, key: &str) -> &'a str {
    let tags = span["tags"].as_array().unwrap();
    let tag = tags.iter().find(|tag| tag["key"] == key);
    tag.and_then(|tag| tag["value"].as_str())
        .unwrap_or_default()
}

#[tokio::test]
async fn the_page_is_served_with_a_policy_that_allows_nothing_inline() {
    let lab = Lab::ready(&[]).await;
    let answer = lab.request("/").send().await.unwrap();
    let policy = answer.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe-inline"));
    let page = answer.text().await.unwrap();
    assert!(page.contains("<title>Malha</title>"));
    assert!(!page.contains("<style") && !page.contains("style=") && !page.contains("onclick"));
    for file in page
        .split('"')
        .filter(|part| part.starts_with('/') && part.contains('.'))
    {
        assert_eq!(
            lab.request(file).send().await.unwrap().status(),
            200,
            "{file}"
        );
    }
}

#[tokio::test]
async fn a_foreign_name_for_this_machine_is_refused() {
    let lab = Lab::ready(&[]).await;
    let foreign = lab
        .request("/lab/services")
        .header("host", "evil.example:8888");
    assert_eq!(foreign.send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn with_an_endpoint_of_the_user_s_the_page_says_where_traces_go() {
    let lab = Lab::ready(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")]).await;
    assert_eq!(
        lab.json("/lab/services").await["tracesGoTo"],
        "http://127.0.0.1:1"
    );
    let refused = lab.request("/api/services").send().await.unwrap();
    assert_eq!(refused.status(), 503);
    assert!(!crate::harness::listens(lab.ports.otlp));
}
