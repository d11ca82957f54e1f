use super::*;
use crate::catalogue::EXERCISES;
use crate::plan::plan;

fn wired(environment: &[(&str, &str)], without: &str) -> (Vec<Planned>, Vec<Edge>) {
    let pairs = environment.iter();
    let pairs = pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let environment: HashMap<_, _> = pairs.collect();
    let all: Vec<_> = EXERCISES.iter().collect();
    let mut services = plan(&all, &environment, "http://127.0.0.1:4318", None).unwrap();
    let without = super::without(without).unwrap();
    let wiring = Wiring::of(&mut services, &without, &environment).unwrap();
    (services, wiring.edges)
}

fn setting<'a>(services: &'a [Planned], service: &str, setting: &str) -> &'a str {
    let mut services = services.iter();
    let planned = services.find(|planned| planned.name == service).unwrap();
    &planned.environment[setting]
}

fn edge<'a>(edges: &'a [Edge], name: &str) -> &'a Edge {
    edges.iter().find(|edge| edge.name == name).unwrap()
}

#[test]
fn every_documented_port_is_a_link_and_its_service_listens_behind() {
    let (services, edges) = wired(&[], "");
    for planned in services.iter().filter(|planned| planned.listen.is_some()) {
        let listen = planned.listen.unwrap();
        let edge = edges.iter().find(|edge| edge.listen == listen).unwrap();
        let Leads::Service { own, .. } = &edge.leads else {
            panic!("{edge:?}")
        };
        assert_eq!(edge.to, planned.name);
        assert_eq!(planned.environment["LISTEN"], own.to_string());
        assert_ne!(*own, listen);
    }
    let asked = edge(&edges, "hello-client-to-hello-server").listen;
    assert_eq!(asked.port(), 8180);
    assert_eq!(
        setting(&services, "hello-client", "SERVER_ADDRESS"),
        "localhost:8180"
    );
    assert_eq!(edge(&edges, "browser-to-grpc-cliente").listen.port(), 8100);
}

#[test]
fn two_that_ask_each_other_have_links_that_browsers_do_not_use() {
    let (services, edges) = wired(&[], "");
    let relay = edge(&edges, "serviceA-to-serviceB");
    assert_ne!(relay.listen.port(), 8001);
    let peer = format!("http://localhost:{}/relay", relay.listen.port());
    assert_eq!(setting(&services, "serviceA", "PEER_URL"), peer);
    assert_eq!(edge(&edges, "browser-to-serviceB").listen.port(), 8001);
    let documented = Some(([127, 0, 0, 1], 8001).into());
    assert!(
        matches!(&relay.leads, Leads::Service { documented: there, .. } if *there == documented)
    );
}

#[test]
fn who_was_told_to_ask_elsewhere_does_so() {
    let (services, edges) = wired(&[("SERVICEA_PEER_URL", "http://h:1/relay")], "");
    assert_eq!(
        setting(&services, "serviceA", "PEER_URL"),
        "http://h:1/relay"
    );
    assert!(!edges.iter().any(|edge| edge.name == "serviceA-to-serviceB"));
    assert!(edges.iter().any(|edge| edge.name == "serviceB-to-serviceA"));
}

#[test]
fn a_program_in_a_service_s_place_is_behind_its_link() {
    let (_, edges) = wired(&[], "hello-server=127.0.0.1:9000");
    let place = ([127, 0, 0, 1], 9000).into();
    let edge = edge(&edges, "hello-client-to-hello-server");
    assert!(matches!(edge.leads, Leads::Service { own, .. } if own == place));
}

#[test]
fn redis_is_behind_a_link_for_those_who_use_it() {
    let (services, edges) = wired(&[("REDIS_URL", "redis://:pass@db:7000/2")], "");
    let link = edge(&edges, "grpc-servidor-to-redis");
    assert_eq!(link.leads, Leads::Elsewhere("db:7000".to_owned()));
    let url = format!("redis://:pass@{}/2", link.listen);
    assert_eq!(setting(&services, "grpc-servidor", "REDIS_URL"), url);
    assert!(
        !edges
            .iter()
            .any(|edge| edge.name == "hello-server-to-redis")
    );
}

#[test]
fn only_one_plain_redis_can_be_behind_a_link() {
    assert_eq!(
        split("redis://h"),
        Some(("redis://{}".to_owned(), "h:6379".to_owned()))
    );
    assert_eq!(
        split("redis://ana:x@[::1]/3"),
        Some(("redis://ana:x@{}/3".to_owned(), "[::1]:6379".to_owned()))
    );
    for other in [
        "rediss://h",
        "redis://a:1,redis://b:2",
        "unix:///run/r.sock",
        "redis://",
    ] {
        assert_eq!(split(other), None, "{other}");
    }
    let cluster = [("REDIS_URL", "redis://h:1"), ("REDIS_MODE", "cluster")];
    assert!(wired(&cluster, "").1.iter().all(|edge| edge.to != REDIS));
}

#[test]
fn what_is_no_service_cannot_be_left_out() {
    let error = without("hello-servr").unwrap_err().to_string();
    assert!(error.contains("names of services"), "{error}");
    assert!(without("hello-server=nowhere").is_err());
}
