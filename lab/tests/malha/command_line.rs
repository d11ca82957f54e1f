//! What `malha` answers on the command line, and what it refuses.

#[cfg(target_os = "linux")]
use std::fs::File;
use std::net::TcpListener;
use std::process::Output;

use crate::harness::{Lab, Ports, listens, malha};

fn answer(args: &[&str]) -> Output {
    malha().args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn the_list_names_every_service_with_its_port() {
    let listed = answer(&["--list"]);
    assert!(listed.status.success());
    assert!(text(&listed.stdout).contains("desafio1-servidor  port  8080"));
}

#[test]
fn help_says_how_to_start_all_or_one() {
    let help = answer(&["--help"]);
    assert!(help.status.success());
    assert!(text(&help.stdout).contains("malha SERVICE"));
}

#[test]
fn a_command_says_how_it_is_used() {
    let help = answer(&["break", "--help"]);
    assert!(help.status.success());
    assert!(text(&help.stdout).starts_with("usage: malha break LINK FAULT"));
    assert_eq!(answer(&["help", "break"]).stdout, help.stdout);
    assert_eq!(answer(&["help"]).stdout, answer(&["--help"]).stdout);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    for args in [&["completions", "bash"][..], &["--help"], &["--version"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let printed = malha().args(args).stdout(writer).output().unwrap();
        assert_eq!(text(&printed.stderr), "");
        assert!(printed.status.success(), "{args:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_printed_is_an_error() {
    for args in [
        &["--help"][..],
        &["--list"],
        &["--version"],
        &["doctor"],
        &["desafio1-client", "--help"],
    ] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let printed = malha().args(args).stdout(full).output().unwrap();
        let said = text(&printed.stderr);
        assert!(
            said.contains("nothing can be printed: "),
            "{args:?}: {said}"
        );
        assert_eq!(printed.status.code(), Some(1), "{args:?}");
    }
}

#[test]
fn a_service_alone_takes_its_own_arguments() {
    let help = answer(&["desafio1-client", "--help"]);
    assert!(help.status.success());
    assert!(text(&help.stdout).contains("SERVER_URL"));
}

#[test]
fn an_unknown_name_is_answered_with_the_nearest() {
    let refused = answer(&["desafio1-cliente"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("did you mean desafio1-client?"));
}

#[test]
fn a_wrong_setting_of_one_service_is_refused_by_its_name() {
    let refused = malha()
        .env("DESAFIO1_SERVIDOR_LISTEN", "9080")
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("DESAFIO1_SERVIDOR_LISTEN=\"9080\""));
}

#[test]
fn a_port_in_use_is_named_with_its_setting_and_nothing_starts() {
    let ports = Ports::free();
    let _taken = TcpListener::bind(ports.servidor).unwrap();
    let refused = malha().envs(ports.environment()).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    let said = text(&refused.stderr);
    assert!(said.contains("nothing was started"), "{said}");
    assert!(said.contains(&ports.servidor.to_string()), "{said}");
    assert!(
        said.contains("DESAFIO1_SERVIDOR_LISTEN=127.0.0.1:"),
        "{said}"
    );
    assert!(
        ports
            .all()
            .into_iter()
            .all(|port| port == ports.servidor || !listens(port))
    );
}

#[test]
fn the_doctor_finds_nothing_missing_where_the_lab_can_run() {
    let looked = malha()
        .args(["doctor", "--json"])
        .envs(Ports::free().environment())
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&looked.stdout).unwrap();
    assert!(looked.status.success(), "{report:#}");
    assert_eq!(report["ok"], true);
    let findings = report["findings"].as_array().unwrap();
    let ports = findings.iter().find(|finding| finding["what"] == "ports");
    let found = ports.unwrap()["found"].as_str().unwrap();
    assert!(found.starts_with("all ") && found.ends_with(" are free"));
}

#[test]
fn the_doctor_fails_where_something_required_is_missing_and_says_what() {
    let looked = malha()
        .args(["doctor", "--kubernetes"])
        .env("PATH", "")
        .envs(Ports::free().environment())
        .output()
        .unwrap();
    assert_eq!(looked.status.code(), Some(1));
    let said = text(&looked.stdout);
    assert!(said.contains("missing   Rust"), "{said}");
    assert!(said.contains("missing   helm"), "{said}");
    assert!(said.contains("optional  tilt"), "{said}");
    assert!(said.contains("The lab cannot run yet."), "{said}");
}

#[test]
fn the_doctor_refuses_what_it_does_not_know() {
    let refused = answer(&["doctor", "kind"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("\"kind\" is not known"));
}

#[tokio::test]
async fn one_exercise_starts_by_its_name() {
    let lab = Lab::start(&["desafio1"], &[]);
    lab.until_ready().await;
    lab.says("desafio1-client   | Olá!").await;
}
