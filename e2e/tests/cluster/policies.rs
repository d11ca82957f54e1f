//! Who may speak to whom: dials that must fail, and beside each one that succeeds.
//!
//! Each caller is a pod of its own with the labels by which the charts' policies know a
//! service. It is never ready, so that no Service sends anybody there.

use crate::helm::{Namespace, install};
use crate::kubectl::{CLUSTER, apply, get, pods_of};
use crate::pods::{Job, Particulars};
use crate::support::has_cluster;
use serde_json::json;
use testing::{skipped, this_test};

const GRPC: &str = "dials-grpc";
const CHAT: &str = "dials-chat";
const ELSEWHERE: &str = "dials-elsewhere";

/// Somebody who dials: what open and what closed ports it must find.
#[derive(Clone)]
struct Caller {
    who: &'static str,
    namespace: &'static str,
    labels: Vec<(&'static str, &'static str)>,
    open: Vec<String>,
    closed: Vec<String>,
}

const NAME: &str = "app.kubernetes.io/name";
const INSTANCE: &str = "app.kubernetes.io/instance";

/// The labels of a service's pods.
fn of(service: &'static str, release: &'static str) -> Vec<(&'static str, &'static str)> {
    vec![(NAME, service), (INSTANCE, release)]
}

/// The address of one of a service's pods.
async fn pod(namespace: &str, service: &str) -> String {
    let pods = pods_of(namespace, &format!("{NAME}={service}")).await;
    pods[0]["status"]["podIP"].as_str().unwrap().to_owned()
}

/// The address of a Service.
async fn service(namespace: &str, name: &str) -> String {
    let service = get(namespace, &format!("service/{name}")).await;
    service["spec"]["clusterIP"].as_str().unwrap().to_owned()
}

impl Caller {
    /// Dials all, and gives what was not as expected.
    async fn dial(self) -> Result<(), String> {
        let open = self.open.iter().map(|address| format!("--open={address}"));
        let closed = self
            .closed
            .iter()
            .map(|address| format!("--closed={address}"));
        let dials: Vec<String> = open.chain(closed).collect();
        let mut args = vec!["dial"];
        args.extend(dials.iter().map(String::as_str));
        let particulars = Particulars {
            labels: &self.labels,
            args: &args,
            hidden: true,
            ..Particulars::default()
        };
        let job = Job::create(self.namespace, self.who, &particulars).await;
        let report = job.report().await;
        let wanted = format!("{} as expected, 0 not", dials.len());
        if report.lines().last() == Some(&wanted) {
            return Ok(());
        }
        Err(format!("{} in {}:\n{report}", self.who, self.namespace))
    }
}

/// Whether a `NetworkPolicy` does anything here: one that is no chart's denies a pod everything.
async fn enforced(elsewhere: &Namespace, jaeger: &str) -> bool {
    let labels = vec![(NAME, "denied")];
    apply(
        &json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "denied", "namespace": elsewhere.name},
        "spec": {"podSelector": {"matchLabels": {NAME: "denied"}}, "policyTypes": ["Egress"]}}),
    )
    .await;
    let caller = |who, labels, open, closed| Caller {
        who,
        namespace: elsewhere.name,
        labels,
        open,
        closed,
    };
    let free = caller(
        "free",
        vec![(NAME, "free")],
        vec![jaeger.to_owned()],
        vec![],
    );
    free.dial().await.unwrap();
    let denied = caller("denied", labels, vec![], vec![jaeger.to_owned()]);
    denied.dial().await.is_ok()
}

/// Where everything is that is dialled.
struct Addresses {
    redis: String,
    servidor: String,
    cliente: String,
    chat_redis: String,
    a: String,
    b: String,
    /// Jaeger's port for spans.
    traces: String,
    /// Jaeger's port for questions.
    query: String,
    kubernetes: String,
}

impl Addresses {
    fn of_grpc(&self) -> Vec<String> {
        let servidor = [50051, 9464].map(|port| at(&self.servidor, port));
        let cliente = [8000, 9464].map(|port| at(&self.cliente, port));
        [&[at(&self.redis, 6379)], &servidor[..], &cliente].concat()
    }

    /// Pages and relay are one port.
    fn of_chat(&self) -> Vec<String> {
        vec![
            at(&self.chat_redis, 6379),
            at(&self.a, 8000),
            at(&self.b, 8000),
        ]
    }

    fn admin_of_chat(&self) -> Vec<String> {
        vec![at(&self.a, 9464), at(&self.b, 9464)]
    }

    /// Those whom no policy lets out or in: what they find closed, the other side has closed.
    fn strangers(&self) -> Vec<Caller> {
        let everything = [self.of_grpc(), self.of_chat()].concat();
        let and_admin = [everything.clone(), self.admin_of_chat()].concat();
        let stranger = vec![(NAME, "stranger")];
        let outside = [&self.query, &self.traces, &self.kubernetes].map(Clone::clone);
        let query = vec![self.query.clone()];
        let caller = |who, namespace, labels, open, closed| Caller {
            who,
            namespace,
            labels,
            open,
            closed,
        };
        // Metrics of the chat may be read from elsewhere, by a value; from nowhere else.
        let metrics = [query.clone(), self.admin_of_chat()].concat();
        let of_another = of("grpc-cliente", "other");
        let namesake = of("grpc-cliente", "grpc");
        let grpc = self.of_grpc();
        vec![
            caller(
                "stranger",
                GRPC,
                stranger.clone(),
                outside.to_vec(),
                and_admin.clone(),
            ),
            caller("stranger", CHAT, stranger.clone(), query.clone(), and_admin),
            caller("stranger", ELSEWHERE, stranger, metrics, everything),
            // The right labels in the wrong namespace, and those of another release.
            caller("namesake", ELSEWHERE, namesake, query.clone(), grpc.clone()),
            caller("other-release", GRPC, of_another, query, grpc),
        ]
    }

    /// Those with a policy of their own: what they need is open, and all else is not.
    fn services(&self) -> Vec<Caller> {
        let caller = |who, namespace, labels, open: &[String], closed: &[&[String]]| Caller {
            who,
            namespace,
            labels,
            open: open.to_vec(),
            closed: closed.concat(),
        };
        let (redis, servidor) = (at(&self.redis, 6379), at(&self.servidor, 50051));
        let (cliente, traces) = (at(&self.cliente, 8000), self.traces.clone());
        let chat = &self.of_chat()[..];
        let grpc = &self.of_grpc()[..];
        let outside = &[self.query.clone(), self.kubernetes.clone()][..];
        let behind = &[redis.clone(), at(&self.servidor, 9464), cliente.clone()];
        vec![
            caller(
                "as-grpc-cliente",
                GRPC,
                of("grpc-cliente", "grpc"),
                &[servidor.clone(), traces.clone()],
                &[behind, chat, outside],
            ),
            caller(
                "as-grpc-servidor",
                GRPC,
                of("grpc-servidor", "grpc"),
                &[redis.clone(), traces.clone()],
                &[&[servidor.clone(), cliente.clone()], chat, outside],
            ),
            // Redis says nothing by itself, not even spans.
            caller(
                "as-redis",
                GRPC,
                of("redis", "grpc"),
                &[],
                &[grpc, chat, outside, std::slice::from_ref(&traces)],
            ),
            caller(
                "as-servicea",
                CHAT,
                of("servicea", "chat"),
                &[at(&self.chat_redis, 6379), at(&self.b, 8000), traces],
                &[grpc, &self.admin_of_chat(), outside],
            ),
            // A test may call what users call, and nothing behind it.
            caller(
                "as-test",
                GRPC,
                vec![],
                &[cliente, servidor],
                &[
                    chat,
                    &self.admin_of_chat(),
                    &[redis, at(&self.cliente, 9464)],
                ],
            ),
        ]
    }
}

fn at(host: &str, port: u16) -> String {
    format!("{host}:{port}")
}

#[tokio::test]
async fn whom_no_policy_names_gets_no_connection_and_whom_it_names_does() {
    if !has_cluster() {
        return;
    }
    let _alone = CLUSTER.lock().await;
    let elsewhere = Namespace::new(ELSEWHERE).await;
    let jaeger = service("jaeger", "jaeger").await;
    if !enforced(&elsewhere, &at(&jaeger, 16686)).await {
        skipped(&this_test(), "this cluster enforces no NetworkPolicy");
        return;
    }
    let (grpc, chat) = tokio::join!(Namespace::new(GRPC), Namespace::new(CHAT));
    let metrics = format!("networkPolicy.metricsNamespace={ELSEWHERE}");
    let metrics = ["--set", &metrics];
    tokio::join!(
        install(&grpc, "grpc", "grpc", &[]),
        install(&chat, "chat", "chat", &metrics),
    );
    let addresses = Addresses {
        redis: pod(GRPC, "redis").await,
        servidor: pod(GRPC, "grpc-servidor").await,
        cliente: pod(GRPC, "grpc-cliente").await,
        chat_redis: pod(CHAT, "redis").await,
        a: pod(CHAT, "servicea").await,
        b: pod(CHAT, "serviceb").await,
        traces: at(&jaeger, 4318),
        query: at(&jaeger, 16686),
        kubernetes: at(&service("default", "kubernetes").await, 443),
    };
    let callers = [addresses.strangers(), addresses.services()].concat();
    let dials = callers.into_iter().map(Caller::dial);
    let dials = futures_util::future::join_all(dials).await;
    let wrong: Vec<String> = dials.into_iter().filter_map(Result::err).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
