//! A trace's page in a real browser.

use serde_json::json;

use crate::browser::Browser;
use crate::harness::Lab;

const TRACE: &str = "1af7651916cd43dd8448eb211c80319c";

#[tokio::test]
async fn spans_that_share_an_id_all_stand_in_the_waterfall() {
    let lab = Lab::ready(&[]).await;
    let span = |id: &str, parent: &str, name: &str| {
        json!({
            "traceId": TRACE, "spanId": id, "parentSpanId": parent, "name": name,
            "startTimeUnixNano": "1795237465000000000", "endTimeUnixNano": "1795237465005000000",
        })
    };
    let (twin, child) = ("b7ad6b7169203331", "b7ad6b7169203332");
    let spans = [
        span(twin, "", "first twin"),
        span(twin, "", "second twin"),
        span(child, twin, "child of twins"),
    ];
    let export = json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": spans }] }] });
    lab.export(&export).await;
    let Some(browser) = Browser::start().await else {
        return;
    };
    let page = browser.open(&lab.url(&format!("/trace/{TRACE}"))).await;
    for name in ["first twin", "second twin", "child of twins"] {
        page.shows(name).await;
    }
}
