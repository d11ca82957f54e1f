//! Processes that die, and the lab's own end.

use testing::eventually;

use crate::harness::{Lab, listens, send};

#[tokio::test]
async fn a_service_that_is_killed_is_said_and_started_again() {
    let lab = Lab::ready(&[]).await;
    let before = lab.service("desafio1-servidor").await["pid"]
        .as_u64()
        .unwrap();
    send("KILL", before);
    lab.logs(&["desafio1-servidor was killed by SIGKILL (signal 9); starting again in"])
        .await;
    let after = eventually("another process runs", async || {
        let service = lab.service("desafio1-servidor").await;
        service["ready"].as_bool().unwrap().then_some(service)
    })
    .await;
    assert_ne!(after["pid"].as_u64().unwrap(), before);
    assert_eq!(after["restarts"], 1);
    assert_eq!(after["last_exit"], "was killed by SIGKILL (signal 9)");
    lab.until_ready().await; // the client has found the new one
}

#[tokio::test]
async fn a_service_that_refuses_its_settings_is_not_started_again() {
    let lab = Lab::start(&[], &[("DESAFIO1_CLIENT_TIMEOUT", "soon")]);
    lab.logs(&["desafio1-client refused its settings (exit code 2); not started again"])
        .await;
    let client = lab.service("desafio1-client").await;
    assert_eq!(
        (client["state"].as_str(), client["restarts"].as_u64()),
        (Some("failed"), Some(0))
    );
}

#[tokio::test]
async fn sigterm_stops_the_client_then_the_server_then_the_lab() {
    let mut lab = Lab::ready(&[]).await;
    lab.signal("TERM");
    assert_eq!(lab.ended().await.code(), Some(0));
    let client = lab.logs(&["malha ", "desafio1-client stopped"]).await;
    let server_told = lab.logs(&["desafio1-servidor |", "draining"]).await;
    let server = lab.logs(&["malha ", "desafio1-servidor stopped"]).await;
    let end = lab.logs(&["malha ", "everything stopped"]).await;
    assert!(client < server_told && server_told < server && server < end);
    assert!(!lab.ports.all().into_iter().any(listens));
}

#[tokio::test]
async fn ctrl_c_stops_everything_too() {
    let mut lab = Lab::ready(&[]).await;
    lab.signal("INT");
    assert_eq!(lab.ended().await.code(), Some(0));
    assert!(!lab.ports.all().into_iter().any(listens));
}

#[tokio::test]
async fn services_do_not_outlive_a_lab_that_is_killed() {
    let mut lab = Lab::ready(&[]).await;
    lab.signal("KILL");
    assert_eq!(lab.ended().await.code(), None);
    let ports = lab.ports.all();
    eventually("every service has ended", async || {
        (!ports.into_iter().any(listens)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_service_that_does_not_end_is_killed_in_time() {
    let mut lab = Lab::ready(&[("DESAFIO1_CLIENT_DRAIN_TIMEOUT", "1ms")]).await;
    let pid = lab.service("desafio1-client").await["pid"]
        .as_u64()
        .unwrap();
    send("STOP", pid);
    lab.signal("TERM");
    assert_eq!(lab.ended().await.code(), Some(0));
    lab.logs(&["desafio1-client did not end within"]).await;
}
