use std::time::Duration;

use tokio::time::Instant;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use super::super::{CallOptions, GrpcClient, Resolve, Resolving};
use super::support::{Answers, Name, TestBackend, ask, client, patient, settings};
use testing::{TestLifecycle, eventually, listener};

const SHORT: Duration = Duration::from_millis(100);

#[tokio::test]
async fn a_server_that_never_answers_costs_the_deadline() {
    let server = TestBackend::start().await;
    server.answers(Answers::Never);
    let (client, _life) = client(&Name::of(&[&server]));
    let mut asked = 0;
    // Where this machine is busy, the time may be over before the call is there.
    eventually("a call reaches it", async || {
        asked += 1;
        let time = SHORT * u32::try_from(asked).unwrap();
        let failed = ask(&client, CallOptions::within(time).repeatable(true)).await;
        assert_eq!(failed.unwrap_err().code(), Code::DeadlineExceeded);
        (server.calls() > 0).then_some(())
    })
    .await;
    assert!(server.calls() <= asked, "none is made again");
}

#[tokio::test]
async fn a_look_up_that_never_ends_costs_the_deadline() {
    struct Silent;
    impl Resolve for Silent {
        fn resolve(&self) -> Resolving<'_> {
            Box::pin(std::future::pending())
        }
    }
    let lifecycle = TestLifecycle::default();
    let client = GrpcClient::start("servidor", settings(), Silent, lifecycle.lifecycle());
    let failed = ask(&client, CallOptions::within(SHORT)).await.unwrap_err();
    assert_eq!(failed.code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn where_nobody_listens_a_call_fails_at_once_and_says_why() {
    let nobody = listener().await;
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    let name = Name::default();
    name.set([address]);
    let (client, _life) = client(&name);
    let hour = CallOptions::within(Duration::from_hours(1));
    let failed = ask(&client, hour).await.unwrap_err();
    assert_eq!(failed.code(), Code::Unavailable);
    assert!(failed.message().contains(&address.to_string()), "{failed}");
}

#[tokio::test]
async fn the_server_is_told_how_much_time_is_left() {
    let server = TestBackend::start().await;
    let (client, _life) = client(&Name::of(&[&server]));
    let deadline = Instant::now() + Duration::from_secs(20);
    let asking = async { ask(&client, CallOptions::default()).await };
    let asked = runtime::deadline::scope(Some(deadline), asking).await;
    asked.unwrap();
    let headers = server.behaviour.headers.lock().unwrap().clone();
    let told = crate::timeout::read(&headers).unwrap().unwrap();
    assert!(
        !told.is_zero() && told <= CallOptions::DEFAULT_TIMEOUT,
        "{told:?}"
    );
}

#[tokio::test]
async fn a_stream_goes_on_beyond_the_deadline_of_its_beginning() {
    let server = TestBackend::start().await;
    let (client, _life) = client(&Name::of(&[&server]));
    ask(&client, patient()).await.unwrap();
    let mut health = HealthClient::new(client);
    // Long enough to begin a stream in, however busy this machine is.
    let mut time = Duration::from_secs(1);
    let (mut stream, deadline) = loop {
        let mut request = tonic::Request::new(HealthCheckRequest::default());
        let deadline = Instant::now() + time;
        request
            .extensions_mut()
            .insert(CallOptions::until(deadline).stream());
        match health.watch(request).await {
            Ok(answer) => break (answer.into_inner(), deadline),
            Err(late) => assert_eq!(late.code(), Code::DeadlineExceeded),
        }
        time *= 2;
        assert!(time < Duration::from_mins(1), "no stream begins");
    };
    assert!(stream.message().await.unwrap().is_some());
    tokio::time::sleep_until(deadline + SHORT).await;
    server.behaviour.released.notify_one();
    assert!(stream.message().await.unwrap().is_some());
    assert!(stream.message().await.unwrap().is_none());
}
