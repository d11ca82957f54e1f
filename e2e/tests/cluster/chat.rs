//! chat: pods go, pages come back, and nothing is lost.

use crate::kubectl::{CLUSTER, delete_one, restart, rolled_out_in};
use crate::pods::{Job, scale};
use crate::support::has_cluster;

#[tokio::test]
async fn no_message_is_lost_doubled_or_misplaced_while_both_services_are_replaced() {
    if !has_cluster() {
        return;
    }
    let _alone = CLUSTER.lock().await;
    let writes = 600 * scale();
    let env = [
        ("CHAT_A_URL", "http://servicea:8000/"),
        ("CHAT_B_URL", "http://serviceb:8000/"),
    ];
    let count = format!("--writes={writes}");
    let plan = ["soak-chat", "--until-told", "--rate=12", &count];
    let job = Job::start("chat", "soak", &plan, &env).await;
    delete_one("chat", "app.kubernetes.io/name=serviceb", &[]).await;
    rolled_out_in("chat", "serviceb").await;
    restart("chat", "servicea").await;
    restart("chat", "serviceb").await;
    let promise = " accepted, 0 lost, 0 doubled, in order: true";
    job.outlasted("the replacing", writes, promise).await;
}
