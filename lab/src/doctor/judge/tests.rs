use super::*;

fn machine<const N: usize>(seen: [(Tool, &str); N]) -> Machine {
    seen.map(|(tool, text)| (tool, Seen::Said(text.to_owned())))
        .into_iter()
        .collect()
}

fn found<'a>(findings: &'a [Finding], what: &str) -> &'a Finding {
    findings
        .iter()
        .find(|finding| finding.what == what)
        .unwrap()
}

fn versions(client: &str, server: &str) -> String {
    let side = |minor: &str| format!(r#"{{"major": "1", "minor": "{minor}"}}"#);
    let server = match server {
        "" => String::new(),
        minor => format!(r#", "serverVersion": {}"#, side(minor)),
    };
    format!(r#"{{"clientVersion": {}{server}}}"#, side(client))
}

fn kubectl(seen: Seen) -> Finding {
    cluster(&Machine::from([(Tool::Kubectl, seen)]))
}

#[test]
fn a_machine_with_everything_lacks_nothing() {
    let machine = machine([
        (Tool::Rustc, "rustc 1.95.0 (59807616e 2026-04-14)"),
        (Tool::Cc, "cc (Debian 12.2.0-14+deb12u1) 12.2.0\nCopyright"),
        (Tool::Docker, "20.10.24+dfsg1"),
        (
            Tool::Buildx,
            "github.com/docker/buildx v0.29.1 a32761aeb3debd39be1eca514af3693af0db334b",
        ),
        (Tool::Minikube, "v1.37.0"),
        (Tool::Kubectl, &versions("35", "34+")),
        (Tool::Helm, "v4.1.3"),
        (Tool::Skaffold, "v2.16.1"),
        (Tool::Tilt, "v0.35.2, built 2025-10-10"),
    ]);
    for finding in [lab(&machine), kubernetes(&machine)].concat() {
        assert!(finding.is_good(), "{finding:?}");
    }
    let findings = kubernetes(&machine);
    assert_eq!(
        found(&findings, "kubectl").found,
        "1.35, and a cluster of 1.34"
    );
    assert_eq!(found(&findings, "kind or minikube").found, "minikube 1.37");
    assert_eq!(
        found(&lab(&machine), "C linker").found,
        "cc (Debian 12.2.0-14+deb12u1) 12.2.0"
    );
}

#[test]
fn of_an_empty_machine_everything_is_said_with_what_would_mend_it() {
    let empty = Machine::default();
    for finding in [lab(&empty), kubernetes(&empty)].concat() {
        let mend = finding.mend.as_deref().unwrap_or_default();
        assert!(mend.contains("install"), "{finding:?}");
    }
}

#[test]
fn a_newer_helm_needs_newer_callers() {
    let said = |helm, skaffold, tilt| {
        kubernetes(&machine([
            (Tool::Helm, helm),
            (Tool::Skaffold, skaffold),
            (Tool::Tilt, tilt),
        ]))
    };
    for helm in ["v4.1.4+gabc", "v4.3.1+gabc"] {
        let old = said(helm, "v2.18.3", "v0.35.2, built 2025-10-10");
        for (tool, found_as) in [
            ("skaffold", "2.18, which is older than 2.19"),
            ("tilt", "0.35, which is older than 0.36"),
        ] {
            let finding = found(&old, tool);
            assert_eq!(finding.found, found_as);
            let mend = finding.mend.as_deref().unwrap_or_default();
            assert!(mend.ends_with("Helm from 4.1.4 on needs it"), "{mend}");
        }
        let new = said(helm, "v2.19.0", "v0.36.0");
        assert!(found(&new, "skaffold").is_good() && found(&new, "tilt").is_good());
    }
}

#[test]
fn a_rust_that_is_too_old_is_named_with_the_one_that_is_needed() {
    let old = lab(&machine([(Tool::Rustc, "rustc 1.79.0")])).remove(0);
    assert_eq!(old.found, format!("1.79, which is older than {RUST}"));
    assert_eq!(
        old.mend.unwrap(),
        format!("rustup toolchain install {RUST}")
    );
}

#[test]
fn an_engine_that_does_not_answer_is_another_thing_than_none() {
    let why = "Cannot connect to the Docker daemon";
    let seen = Seen::Failed(String::new(), why.to_owned());
    let asleep = engine(&Machine::from([(Tool::Docker, seen)]));
    assert_eq!(asleep.found, why);
    assert!(asleep.mend.unwrap().contains("systemctl start docker"));
    let hangs = engine(&Machine::from([(Tool::Docker, Seen::Slow)]));
    assert!(hangs.mend.unwrap().contains("docker version"));
}

#[test]
fn kubectl_and_its_cluster_may_be_one_minor_version_apart() {
    for (client, server, good) in [
        ("34", "34", true),
        ("33", "34", true),
        ("32+", "34", false),
        ("36", "34", false),
        ("27", "27", true),
        ("27", "26", false),
    ] {
        let finding = kubectl(Seen::Said(versions(client, server)));
        assert_eq!(finding.is_good(), good, "{finding:?}");
    }
}

#[test]
fn a_kubectl_without_a_cluster_is_told_to_make_one() {
    let away = "The connection to the server 127.0.0.1:6443 was refused";
    let finding = kubectl(Seen::Failed(versions("34", ""), away.to_owned()));
    assert_eq!(
        finding.found,
        "1.34; no cluster answers in the current context"
    );
    assert!(finding.mend.unwrap().starts_with("kind create cluster"));
    assert!(!kubectl(Seen::Slow).is_good());
    let broken = kubectl(Seen::Said("nothing like JSON".to_owned()));
    assert_eq!(broken.found, "it does not say its version");
}

#[test]
fn a_stand_in_that_says_no_version_is_still_there() {
    let seen = Seen::Failed(String::new(), "no such command".to_owned());
    let finding = maker(&Machine::from([(Tool::Kind, seen)]));
    assert_eq!((finding.found.as_str(), finding.mend), ("kind", None));
}

#[test]
fn taken_ports_are_named_with_what_moves_them() {
    assert_eq!(ports(9, &[]).found, "all 9 are free");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = crate::preflight::Port {
        address: taken.local_addr().unwrap(),
        what: "the page".to_owned(),
        setting: "LAB_PAGE_LISTEN".to_owned(),
    };
    let unusable = crate::preflight::unusable(vec![port]);
    let finding = ports(2, &unusable);
    assert!(finding.found.contains("something listens there already"));
    assert!(finding.mend.unwrap().contains("LAB_PAGE_LISTEN=127.0.0.1:"));
    assert_eq!(
        ports(1, &unusable).found,
        "all 1 are taken; a lab seems to run already"
    );
}
