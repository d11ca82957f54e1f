use std::time::Duration;

use tonic::Code;

use super::support::{Answers, Name, TestBackend, ask, client, patient};
use testing::eventually;

async fn one_that_fails_and_one_that_answers() -> (TestBackend, TestBackend) {
    let (bad, good) = (TestBackend::start().await, TestBackend::start().await);
    bad.answers(Answers::Unavailable);
    (bad, good)
}

#[tokio::test]
async fn what_one_server_cannot_do_now_another_one_is_asked_where_that_is_safe() {
    let (bad, good) = one_that_fails_and_one_that_answers().await;
    let (client, lifecycle) = client(&Name::of(&[&bad, &good]));
    eventually("both are connected", async || {
        // Where there is no other one yet, it fails.
        let _ = ask(&client, patient()).await;
        (bad.calls() > 0 && good.calls() > 0).then_some(())
    })
    .await;
    let before = bad.calls();
    eventually("the failing one was asked three times", async || {
        ask(&client, patient().repeatable(true)).await.unwrap();
        (bad.calls() >= before + 3).then_some(())
    })
    .await;
    let metrics = lifecycle.lifecycle().metrics().render().unwrap();
    let counted =
        "rpc_client_retries_total{rpc_method=\"grpc.health.v1.Health/Check\",outcome=\"ok\"}";
    assert!(metrics.contains(counted), "{metrics}");
}

#[tokio::test]
async fn what_may_have_been_done_is_not_done_again() {
    let (bad, good) = one_that_fails_and_one_that_answers().await;
    let (client, _life) = client(&Name::of(&[&bad, &good]));
    let failed = eventually("a call fails", async || ask(&client, patient()).await.err()).await;
    assert_eq!(
        (failed.code(), failed.message()),
        (Code::Unavailable, "not now")
    );
}

#[tokio::test]
async fn a_server_that_says_when_to_come_back_is_not_asked_sooner() {
    let server = TestBackend::start().await;
    server.answers(Answers::UnavailableFor(Duration::from_secs(1)));
    let (client, _life) = client(&Name::of(&[&server]));
    let failed = ask(&client, patient().repeatable(true)).await.unwrap_err();
    assert_eq!((failed.code(), server.calls()), (Code::Unavailable, 1));
    // What the server said of it arrives whole.
    let details = tonic_types::StatusExt::get_details_retry_info(&failed).unwrap();
    assert_eq!(details.retry_delay, Some(Duration::from_secs(1)));
}

#[tokio::test]
async fn where_everything_fails_the_load_grows_by_the_budget_and_no_more() {
    let server = TestBackend::start().await;
    server.answers(Answers::Unavailable);
    let (client, _life) = client(&Name::of(&[&server]));
    for _ in 0..200 {
        ask(&client, patient().repeatable(true)).await.unwrap_err();
    }
    // A hundred that were saved up, and a fifth.
    assert_eq!(server.calls(), 200 + 100 + 39);
}
