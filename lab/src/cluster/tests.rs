//! Over HTTP against stand-ins of the API server and of Jaeger.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Method, Request, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use testing::{TestLifecycle, eventually, serving};
use tower::ServiceExt;
use url::Url;

use super::api::Api;
use super::breaks::Breaks;
use super::peer::Peer;
use super::routes::{self, Cluster};
use super::sight::Sight;
use super::traces::Jaeger;
use super::view::services;
use crate::clock::now;
use crate::collector::SharedStore;
use crate::collector::fixture::ROOMY;
use crate::collector::id::trace_id_from_hex;

/// What an API server is asked to change: method, path, body.
type Writes = Arc<Mutex<Vec<(Method, String, Value)>>>;

/// An API server with the Deployment `old`, which forgets everything when it is first watched; by the
/// next list it has `new`, and the watch after that brings `newest`.
#[derive(Clone, Default)]
struct StandIn {
    lists: Arc<Mutex<usize>>,
    writes: Writes,
}

fn deployment(name: &str) -> Value {
    json!({
        "metadata": {"name": name, "resourceVersion": "7"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}},
        },
    })
}

fn policy() -> Value {
    json!({
        "metadata": {"name": "hears", "resourceVersion": "3"},
        "spec": {
            "podSelector": {"matchLabels": {"app": "new"}},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": [{"podSelector": {}}]}],
        },
    })
}

async fn answer(State(server): State<StandIn>, method: Method, uri: Uri, body: Bytes) -> Response {
    let path = uri.path().to_owned();
    if method != Method::GET {
        let body = serde_json::from_slice(&body).unwrap_or_default();
        server.writes.lock().unwrap().push((method, path, body));
        return "{}".into_response();
    }
    if path.contains("/namespaces/closed/") {
        let said =
            json!({"kind": "Status", "code": 403, "message": "pods is forbidden: User \"lab\""});
        return (StatusCode::FORBIDDEN, said.to_string()).into_response();
    }
    let query = uri.query().unwrap_or_default();
    let is_watch = query.contains("watch=1");
    let items = match path.rsplit('/').next() {
        Some("networkpolicies") => vec![policy()],
        Some("deployments") => {
            let mut lists = server.lists.lock().unwrap();
            *lists += usize::from(!is_watch);
            vec![deployment(if *lists < 2 { "old" } else { "new" })]
        }
        _ => Vec::new(),
    };
    if !is_watch {
        let list = json!({"metadata": {"resourceVersion": "5"}, "items": items});
        return list.to_string().into_response();
    }
    let is_first = *server.lists.lock().unwrap() < 2;
    let line = match (path.ends_with("deployments"), is_first) {
        (true, true) => json!({"type": "ERROR", "object": {"code": 410, "message": "too old"}}),
        (true, false) => json!({"type": "ADDED", "object": deployment("newest")}),
        _ => json!({"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "6"}}}),
    };
    let line = futures_util::stream::iter([Ok::<_, std::io::Error>(format!("{line}\n"))]);
    let open = futures_util::StreamExt::chain(line, futures_util::stream::pending());
    Body::from_stream(open).into_response()
}

async fn api_server() -> (Api, StandIn, TestLifecycle) {
    let server = StandIn::default();
    let routes = Router::new().fallback(answer).with_state(server.clone());
    let (address, lifecycle) = serving(|listener, _| async move {
        axum::serve(listener, routes).await.unwrap();
    })
    .await;
    let url = Url::parse(&format!("http://{address}")).unwrap();
    let peer = Peer::new(url, None, lifecycle.lifecycle().clone()).unwrap();
    (Api::new(peer, None), server, lifecycle)
}

fn names(sight: &Sight) -> Vec<String> {
    let all = services(&sight.now()).into_iter();
    all.map(|service| service.cluster.workload).collect()
}

fn sight(api: &Api, namespaces: &[&str], lifecycle: &TestLifecycle) -> Sight {
    let namespaces: Vec<_> = namespaces.iter().map(|&name| name.to_owned()).collect();
    let lifecycle = lifecycle.lifecycle();
    let seen = lifecycle.readiness().require("kubernetes");
    Sight::follow(&namespaces, api, true, &seen, lifecycle)
}

#[tokio::test]
async fn a_watch_that_is_too_old_begins_with_a_new_list() {
    let (api, server, lifecycle) = api_server().await;
    let sight = sight(&api, &["open"], &lifecycle);
    let both = ["new", "newest"].map(str::to_owned);
    eventually("what came after the new list", async || {
        (names(&sight) == both).then_some(())
    })
    .await;
    assert_eq!(*server.lists.lock().unwrap(), 2);
    assert_eq!(sight.troubles(), Vec::<String>::new());
    assert!(lifecycle.lifecycle().readiness().report().checks[0].ready);
}

#[tokio::test]
async fn a_namespace_that_may_not_be_read_is_named_and_hides_no_other() {
    let (api, _server, lifecycle) = api_server().await;
    let sight = sight(&api, &["closed", "open"], &lifecycle);
    let trouble = eventually("the refusal", async || {
        let troubles = sight.troubles().into_iter();
        let mut pods = troubles.filter(|trouble| trouble.starts_with("pods of closed"));
        pods.next().filter(|_| !names(&sight).is_empty())
    })
    .await;
    let expected = "the service account may not get /api/v1/namespaces/closed/pods: pods is \
        forbidden: User \"lab\"";
    assert_eq!(trouble, format!("pods of closed: {expected}"));
}

async fn page(breaks: bool) -> (Router, StandIn, TestLifecycle) {
    let (api, server, lifecycle) = api_server().await;
    let sight = sight(&api, &["open"], &lifecycle);
    eventually("the deployment and the policy", async || {
        let there = names(&sight).contains(&"new".to_owned());
        (there && !sight.now()[0].policies.is_empty()).then_some(())
    })
    .await;
    let cluster = Cluster {
        namespaces: vec!["open".to_owned()],
        breaks: Breaks::new(api.clone(), sight.clone(), breaks),
        sight,
        api,
        logs: true,
        jaeger: None,
    };
    (routes::routes(cluster), server, lifecycle)
}

async fn ask(page: &Router, method: Method, path: &str, body: &str) -> (u16, Value) {
    let request = Request::builder().method(method).uri(path);
    let request = request.body(Body::from(body.to_owned())).unwrap();
    let answer = page.clone().oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn where_breaks_are_off_each_is_refused_and_nothing_is_written() {
    let (page, server, _lifecycle) = page(false).await;
    let at = "/lab/cluster/open/new";
    for (method, path, body) in [
        (Method::POST, format!("{at}/scale"), r#"{"replicas": 0}"#),
        (Method::POST, format!("{at}/deny"), ""),
        (Method::DELETE, format!("{at}/deny"), ""),
        (Method::DELETE, format!("{at}/pods/x"), ""),
        (Method::POST, "/lab/mend".to_owned(), ""),
    ] {
        let (status, answer) = ask(&page, method, &path, body).await;
        let error = answer["error"].as_str().unwrap();
        assert!(
            status == 403 && error.contains("BREAKS=on"),
            "{path}: {status} {error}"
        );
    }
    assert!(server.writes.lock().unwrap().is_empty());
    let (_, state) = ask(&page, Method::GET, "/lab/services", "").await;
    assert_eq!(state["can"], json!(["logs"]));
}

#[tokio::test]
async fn where_they_are_on_a_break_changes_what_it_says_and_nothing_else() {
    let (page, server, _lifecycle) = page(true).await;
    let at = "/lab/cluster/open/new";
    let (scaled, _) = ask(
        &page,
        Method::POST,
        &format!("{at}/scale"),
        r#"{"replicas": 0}"#,
    )
    .await;
    let (denied, _) = ask(&page, Method::POST, &format!("{at}/deny"), "").await;
    let (unknown, _) = ask(&page, Method::DELETE, &format!("{at}/pods/x"), "").await;
    let (many, why) = ask(
        &page,
        Method::POST,
        &format!("{at}/scale"),
        r#"{"replicas": 99}"#,
    )
    .await;
    let (absent, _) = ask(&page, Method::POST, "/lab/cluster/kube-system/x/deny", "").await;
    assert_eq!(
        (scaled, denied, unknown, many, absent),
        (202, 202, 404, 400, 404)
    );
    assert!(why["error"].as_str().unwrap().contains("0 to 10"));
    let (_, mended) = ask(&page, Method::POST, "/lab/mend", "").await;
    assert_eq!(mended["mended"], json!(["open/new"]));
    let deployment = "/apis/apps/v1/namespaces/open/deployments/new/scale".to_owned();
    let policy = "/apis/networking.k8s.io/v1/namespaces/open/networkpolicies/hears".to_owned();
    let kept = json!({"malha.lab/ingress": r#"[{"from":[{"podSelector":{}}]}]"#});
    let change = json!({
        "metadata": {"resourceVersion": "3", "annotations": kept},
        "spec": {"ingress": []},
    });
    let expected = [
        (
            Method::PATCH,
            deployment.clone(),
            json!({"spec": {"replicas": 0}}),
        ),
        (Method::PATCH, policy, change),
        (Method::PATCH, deployment, json!({"spec": {"replicas": 2}})),
    ];
    assert_eq!(*server.writes.lock().unwrap(), expected);
}

/// Two traces as Jaeger gives them: the newer one first, a span's events in any order.
fn two_traces(is_first: bool) -> String {
    let mut events = vec![json!({"name": "a"}), json!({"name": "b"})];
    if is_first {
        events.reverse();
    }
    let span = |id: u8, start: u64| {
        json!({"traceId": format!("{id:032x}"), "spanId": format!("{id:016x}"), "name": "work", "events": events.clone(),
            "startTimeUnixNano": start.to_string(), "endTimeUnixNano": start.to_string()})
    };
    let spans = json!([
        span(2, 1_900_000_000_000_000_000),
        span(1, 1_800_000_000_000_000_000)
    ]);
    json!({"result": {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}}).to_string()
}

/// A Jaeger with one trace of one service, two of another, and a service without any. As Jaeger 2.13, it knows no other
/// names than these, and refuses a search without.
async fn jaeger(uri: Uri) -> Response {
    let query = uri.query().unwrap_or_default();
    let needed = [
        "service_name",
        "start_time_min",
        "start_time_max",
        "num_traces",
    ];
    let is_whole = needed
        .iter()
        .all(|name| query.contains(&format!("query.{name}=")));
    match uri.path() {
        "/base/api/v3/traces" if !is_whole => StatusCode::BAD_REQUEST.into_response(),
        "/base/api/v3/services" => {
            r#"{"services": ["desafio1-client", "quiet", "two"]}"#.into_response()
        }
        "/base/api/v3/traces" if query.contains("service_name=two&") => {
            two_traces(query.contains("start_time_min=1970-01-01T00:00:00Z")).into_response()
        }
        "/base/api/v3/traces" if query.contains("service_name=desafio1%2Dclient") => {
            include_str!("../../tests/data/jaeger-v3-http.json").into_response()
        }
        _ => (StatusCode::NOT_FOUND, r#"{"error": {"httpCode": 404}}"#).into_response(),
    }
}

#[tokio::test]
async fn traces_come_from_jaeger_as_if_they_had_been_sent_here() {
    let routes = Router::new().fallback(jaeger);
    let (address, lifecycle) = serving(|listener, _| async move {
        axum::serve(listener, routes).await.unwrap();
    })
    .await;
    let store = SharedStore::new(ROOMY);
    let asking = |base: &str| {
        let url = Url::parse(&format!("http://{address}/{base}")).unwrap();
        let peer = Peer::new(url, None, lifecycle.lifecycle().clone()).unwrap();
        Jaeger::new(peer, store.clone())
    };
    // A second time, as later questions overlap with those before.
    for since in [0, 1_000_000_000] {
        asking("base").take(since, now()).await.unwrap();
    }
    let id = trace_id_from_hex("0af7651916cd43dd8448eb211c80319c").unwrap();
    let again = crate::jaeger::v3::otlp::resource_spans(&store.lock().trace(id).unwrap(), true);
    let recorded: Value =
        serde_json::from_str(include_str!("../../tests/data/jaeger-v3-http.json")).unwrap();
    let spans = |groups: &Value| {
        let of = |group: &Value| group["scopeSpans"][0]["spans"].as_array().unwrap().clone();
        let groups = groups.as_array().unwrap();
        groups.iter().flat_map(of).collect::<Vec<_>>()
    };
    assert_eq!(
        spans(&Value::from(again)),
        spans(&recorded["result"]["resourceSpans"])
    );
    let newest_first: Vec<_> = store
        .lock()
        .latest(9)
        .iter()
        .map(|trace| trace.id)
        .collect();
    // Three of the recorded trace, and one of each of the two.
    assert_eq!(store.lock().counts().kept, 5);
    let ids = [format!("{:032x}", 2), format!("{:032x}", 1)];
    let ids = ids.map(|id| trace_id_from_hex(&id).unwrap());
    assert_eq!(newest_first, [ids[0], ids[1], id]);
    let wrong = asking("").take(0, now()).await.unwrap_err().to_string();
    assert!(
        wrong.contains("is JAEGER_URL that of Jaeger's query API"),
        "{wrong}"
    );
}
