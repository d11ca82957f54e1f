use super::*;
use crate::catalogue::EXERCISES;

fn planned(environment: &[(&str, &str)]) -> Result<Vec<Planned>, SettingsError> {
    let pairs = environment
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let all: Vec<_> = EXERCISES.iter().collect();
    plan(
        &all,
        &pairs.collect(),
        "http://127.0.0.1:4318",
        Some("http://localhost:8888/trace/{trace}"),
    )
}

fn setting<'a>(planned: &'a [Planned], service: &str, setting: &str) -> &'a str {
    &planned
        .iter()
        .find(|planned| planned.name == service)
        .unwrap()
        .environment[setting]
}

#[test]
fn each_service_gets_its_ports_and_where_its_spans_go() {
    let planned = planned(&[]).unwrap();
    assert_eq!(
        setting(&planned, "desafio1-servidor", "LISTEN"),
        "127.0.0.1:8080"
    );
    assert_eq!(
        setting(&planned, "desafio1-client", "SERVER_URL"),
        "http://localhost:8080/"
    );
    for service in &planned {
        assert_eq!(
            service.environment["OTEL_EXPORTER_OTLP_ENDPOINT"],
            "http://127.0.0.1:4318"
        );
        assert_eq!(
            service.environment["ADMIN_LISTEN"],
            service.admin.to_string()
        );
        assert_eq!(service.environment["EXIT_WITH_STDIN"], "true");
    }
}

#[test]
fn pages_link_to_the_lab_s_traces_where_nothing_else_is_said() {
    let shown = planned(&[]).unwrap();
    assert_eq!(
        setting(&shown, "serviceA", "TRACE_URL"),
        "http://localhost:8888/trace/{trace}"
    );
    let said = planned(&[("TRACE_URL", "http://jaeger/trace/{trace}")]).unwrap();
    // It is inherited.
    assert!(
        said.iter()
            .all(|one| !one.environment.contains_key("TRACE_URL"))
    );
}

#[test]
fn a_server_that_is_moved_takes_along_those_who_ask_it() {
    let planned = planned(&[("DESAFIO1_SERVIDOR_LISTEN", "127.0.0.1:9080")]).unwrap();
    assert_eq!(
        setting(&planned, "desafio1-servidor", "LISTEN"),
        "127.0.0.1:9080"
    );
    assert_eq!(
        setting(&planned, "desafio1-client", "SERVER_URL"),
        "http://localhost:9080/"
    );
}

#[test]
fn a_setting_with_a_service_s_name_is_for_that_service_alone_and_wins() {
    let environment = [
        ("DESAFIO1_CLIENT_SERVER_URL", "http://h/"),
        ("DESAFIO1_CLIENT_X", "1"),
    ];
    let planned = planned(&environment).unwrap();
    assert_eq!(
        setting(&planned, "desafio1-client", "SERVER_URL"),
        "http://h/"
    );
    assert_eq!(setting(&planned, "desafio1-client", "X"), "1");
    assert!(!planned[0].environment.contains_key("X"));
}

#[test]
fn a_common_setting_of_the_user_s_reaches_every_service_but_an_address_does_not() {
    let environment = [("LOG_FORMAT", "json"), ("ADMIN_LISTEN", "127.0.0.1:1")];
    for service in planned(&environment).unwrap() {
        assert_eq!(service.environment["LOG_FORMAT"], "json");
        assert_ne!(service.environment["ADMIN_LISTEN"], "127.0.0.1:1");
    }
}

#[test]
fn a_wrong_address_is_refused_by_the_name_it_was_given_under() {
    let error = planned(&[("DESAFIO1_SERVIDOR_LISTEN", "9080")])
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("DESAFIO1_SERVIDOR_LISTEN=\"9080\""),
        "{error}"
    );
}

#[test]
fn every_interface_is_reached_as_localhost_and_others_by_their_address() {
    let reached = |address: &str| reached_at(address.parse().unwrap());
    assert_eq!(reached("0.0.0.0:80"), "localhost:80");
    assert_eq!(reached("[::]:80"), "localhost:80");
    assert_eq!(reached("192.0.2.7:80"), "192.0.2.7:80");
    assert_eq!(reached("[::1]:80"), "[::1]:80");
}

#[test]
fn two_services_that_ask_each_other_know_where() {
    let planned = planned(&[("SERVICEB_LISTEN", "127.0.0.1:9001")]).unwrap();
    assert_eq!(
        setting(&planned, "serviceA", "PEER_URL"),
        "http://localhost:9001/relay"
    );
    assert_eq!(
        setting(&planned, "serviceB", "PEER_URL"),
        "http://localhost:8000/relay"
    );
}

#[test]
fn the_page_may_open_websockets_where_nothing_else_is_said() {
    let admitted = |http, own: &[(&str, &str)], inherited: &[(&str, &str)]| {
        let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            pairs.iter().map(owned).collect()
        };
        let mut planned = Planned {
            http,
            environment: pairs(own).into_iter().collect(),
            ..Planned::example("server")
        };
        planned.admit("http://page", &pairs(inherited).into_iter().collect());
        planned.environment.remove("ALLOWED_ORIGINS")
    };
    let said = [("ALLOWED_ORIGINS", "http://other")];
    assert_eq!(admitted(true, &[], &[]).as_deref(), Some("http://page"));
    assert_eq!(admitted(true, &said, &[]).as_deref(), Some("http://other"));
    assert_eq!(admitted(true, &[], &said), None);
    assert_eq!(admitted(false, &[], &[]), None);
}

#[test]
fn a_drain_takes_as_long_as_the_setting_says() {
    let timeout = |environment: &[(&str, &str)]| {
        let planned = planned(environment).unwrap();
        planned[0].drain_timeout()
    };
    assert_eq!(timeout(&[]), Duration::from_secs(5));
    assert_eq!(timeout(&[("DRAIN_TIMEOUT", "9s")]), Duration::from_secs(9));
    assert_eq!(timeout(&[("DRAIN_TIMEOUT", "soon")]), Duration::ZERO);
}

#[test]
fn what_is_said_of_every_process_stands_before_who_started_it() {
    let (name, value) = LAUNCHER;
    let own = format!("{name}={value}");
    for (said, expected) in [("", own.clone()), ("a=b", format!("a=b,{own}"))] {
        let planned = planned(&[("OTEL_RESOURCE_ATTRIBUTES", said)]).unwrap();
        let attributes = setting(&planned, "serviceA", "OTEL_RESOURCE_ATTRIBUTES");
        assert_eq!(attributes, expected);
    }
}
