//! Services die, networks are cut, and everything arrives once and in order all the same.

use serde_json::json;

use crate::browser::Browser;
use crate::browser_or_skip;
use crate::services::{Service, Wire, both, both_with_disk};

/// What one person said, of all that a page shows.
fn by(said: &[String], who: &str) -> Vec<String> {
    let prefix = format!("{who}: ");
    let own = |line: &String| line.strip_prefix(&prefix).map(str::to_owned);
    said.iter().filter_map(own).collect()
}

#[tokio::test]
async fn a_service_dies_and_comes_back_and_everything_arrives_once_in_order() {
    let browser = browser_or_skip!();
    // What it kept in memory alone is gone: the page says that it cannot know what that was.
    dies_and_comes_back(&browser, both().await, "something was missed").await;
}

#[tokio::test]
async fn a_service_with_a_disk_comes_back_and_nothing_was_missed() {
    let browser = browser_or_skip!();
    dies_and_comes_back(&browser, both_with_disk().await, "nothing was missed").await;
}

async fn dies_and_comes_back(browser: &Browser, (a, mut b): (Service, Service), says: &str) {
    let ana = browser.open(&a.url()).await;
    let bia = browser.open(&b.url()).await;
    ana.connected().await;
    bia.connected().await;
    let (at_a, at_b) = (ana.client().await, bia.client().await);
    ana.say("a0").await;
    bia.shows("a0").await;

    b.kill().await;
    bia.until("document.getElementById('connection').dataset.state === 'waiting'")
        .await;
    for text in ["a1", "a2", "a3"] {
        ana.say(text).await;
    }
    for text in ["b1", "b2", "b3"] {
        bia.say(text).await;
    }
    // Both say how things are.
    ana.shows("serviceB does not answer: messages wait for it.")
        .await;
    ana.until("document.querySelectorAll('[data-state=accepted]').length === 3")
        .await;
    ana.shows("accepted by serviceA · waits for serviceB").await;
    ana.shows("3 messages of yours wait for it").await;
    bia.shows("What you write is kept and goes out later.")
        .await;
    assert_eq!(bia.count("[data-state=queued]").await, 3);

    b.start().await;
    bia.connected().await;
    for page in [&ana, &bia] {
        page.until("document.querySelectorAll('.said').length === 7")
            .await;
        page.until("document.querySelectorAll('.own[data-state=seen]').length === document.querySelectorAll('.own').length")
            .await;
    }
    ana.shows("serviceB answers.").await;
    bia.shows(says).await;
    // Who was there before and is there again is not counted twice.
    for page in [&ana, &bia] {
        page.until("document.querySelectorAll('.client').length === 2")
            .await;
    }
    let (from_a, from_b) = (["a0", "a1", "a2", "a3"], ["b1", "b2", "b3"]);
    for (page, a, b) in [
        (&ana, "You".to_owned(), format!("Client #{at_b}")),
        (&bia, format!("Client #{at_a}"), "You".to_owned()),
    ] {
        let said = page.said().await;
        assert_eq!(
            (&by(&said, &a)[..], &by(&said, &b)[..]),
            (
                &from_a.map(str::to_owned)[..],
                &from_b.map(str::to_owned)[..]
            )
        );
    }
}

#[tokio::test]
async fn a_page_whose_network_was_cut_comes_back_and_says_that_nothing_was_missed() {
    let browser = browser_or_skip!();
    let (a, b) = both().await;
    let wire = Wire::to(a.address()).await;
    let ana = browser.open(&wire.url()).await;
    let bia = browser.open(&b.url()).await;
    ana.connected().await;
    bia.connected().await;
    let (at_a, at_b) = (ana.client().await, bia.client().await);

    for round in 1..=3 {
        wire.cut();
        ana.until("document.getElementById('connection').dataset.state === 'waiting'")
            .await;
        bia.say(&format!("b{round}")).await;
        ana.say(&format!("a{round}")).await;
        bia.until(&format!(
            "document.querySelectorAll('[data-state=seen]').length === {round}"
        ))
        .await;
        wire.mend();
        // A person need not wait for the next try.
        ana.eval("document.getElementById('again').click()").await;
        ana.connected().await;
        bia.shows(&format!("Client #{at_a}: a{round}")).await;
    }
    let own = ["b1", "a1", "b2", "a2", "b3", "a3"];
    let seen = |mine: char, other: i64| {
        own.map(|text| {
            let who = if text.starts_with(mine) {
                "You".to_owned()
            } else {
                format!("Client #{other}")
            };
            format!("{who}: {text}")
        })
    };
    assert_eq!(ana.said().await, seen('a', at_b));
    assert_eq!(bia.said().await, seen('b', at_a));
    assert_eq!(ana.count("[data-note=recovered]").await, 3);
    ana.shows("nothing was missed").await;
    // To the others it left and joined again, each time.
    for (event, times) in [("left", 3), ("joined", 4)] {
        let shown = format!(
            "[...document.querySelectorAll('.event.{event}')].filter(({{ textContent }}) =>
                textContent.startsWith('Client #{at_a} ')).length === {times}"
        );
        bia.until(&shown).await;
    }
}

#[tokio::test]
async fn a_message_whose_answer_was_lost_is_sent_again_and_arrives_once() {
    let browser = browser_or_skip!();
    let (a, b) = both().await;
    let wire = Wire::to(a.address()).await;
    let ana = browser.open(&wire.url()).await;
    let bia = browser.open(&b.url()).await;
    ana.connected().await;
    bia.connected().await;
    let at_a = ana.client().await;
    wire.deafen();
    ana.say("uma").await;
    ana.say("duas").await;
    bia.shows(&format!("Client #{at_a}: uma")).await;
    assert_eq!(ana.count("[data-state=sending]").await, 2);

    wire.cut();
    ana.until("document.getElementById('connection').dataset.state === 'waiting'")
        .await;
    wire.mend();
    ana.until("document.querySelectorAll('[data-state=seen]').length === 2")
        .await;
    bia.shows(&format!("Client #{at_a}: duas")).await;
    bia.say("fim").await;
    ana.shows("fim").await;
    assert_eq!(ana.count(".said").await, 3);
    let once = ["uma", "duas"].map(|text| format!("Client #{at_a}: {text}"));
    assert_eq!(bia.said().await[..2], once);
    assert_eq!(bia.count(".said").await, 3);
}

#[tokio::test]
async fn what_was_written_without_a_connection_outlives_a_reload() {
    let browser = browser_or_skip!();
    let (a, b) = both().await;
    let wire = Wire::to(a.address()).await;
    let ana = browser.open(&wire.url()).await;
    let bia = browser.open(&b.url()).await;
    ana.connected().await;
    bia.connected().await;
    wire.cut();
    ana.until("document.getElementById('connection').dataset.state === 'waiting'")
        .await;
    ana.say("guardada").await;
    ana.shows("waits for the connection").await;
    // The page itself comes over the network, too: it is mended for a page that is gone already.
    ana.call("Page.navigate", json!({ "url": "about:blank" }))
        .await;
    ana.until("location.href === 'about:blank'").await;
    wire.mend();
    ana.call("Page.navigate", json!({ "url": wire.url() }))
        .await;
    bia.shows("guardada").await;
    ana.until("document.querySelectorAll('[data-state=seen]').length === 1")
        .await;
    assert_eq!(ana.said().await, ["You: guardada"]);
}
