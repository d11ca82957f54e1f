//! The page in a real browser: what a person sees and does on it.

use std::fmt::Write;

use serde_json::json;

use crate::axe::Axe;
use crate::browser::Browser;
use crate::harness::Lab;
use crate::tab::{ENTER, Screen, Tab};

/// Every page, a trace's own aside.
const PAGES: [&str; 7] = [
    "/",
    "/mesh",
    "/play",
    "/lessons",
    "/wire",
    "/logs",
    "/guide/hello",
];

/// Asks `desafio1-servidor` as a person does on the page; the trace's id.
async fn asked(page: &Tab) -> String {
    let trace = page
        .eval("fetch('/lab/play/desafio1-servidor/http/').then((answer) => answer.headers.get('x-malha-trace'))")
        .await;
    trace.as_str().unwrap().to_owned()
}

/// How many pixels from the top an element begins.
async fn top(page: &Tab, selector: &str) -> f64 {
    let place = format!("document.querySelector('{selector}').getBoundingClientRect().top");
    page.eval(&place).await.as_f64().unwrap()
}

/// Complaints on the console.
async fn complaints(page: &Tab) -> String {
    let mut said = String::new();
    for event in page.events("Runtime.consoleAPICalled").await {
        if ["error", "warning"].contains(&event["params"]["type"].as_str().unwrap()) {
            writeln!(said, "{}", event["params"]["args"]).unwrap();
        }
    }
    for event in page.events("Runtime.exceptionThrown").await {
        writeln!(said, "{}", event["params"]["exceptionDetails"]).unwrap();
    }
    said
}

#[tokio::test]
async fn a_trace_s_own_page_begins_with_it_and_each_span_says_what_it_is() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let lab = Lab::ready(&[]).await;
    let page = browser.open(&lab.url("/")).await;
    page.until("document.querySelector('#search') !== null")
        .await;
    let id = asked(&page).await;
    for screen in [Screen::DESK, Screen::PHONE] {
        let alone = browser
            .open_with(&lab.url(&format!("/trace/{id}")), screen)
            .await;
        alone
            .until("document.querySelectorAll('.spans .span').length === 2")
            .await;
        let waterfall = top(&alone, ".waterfall").await;
        assert!(waterfall < 330.0, "{waterfall} px from the top");
        alone
            .eval("document.querySelectorAll('.spans .span')[1].click()")
            .await;
        alone
            .until("document.querySelector('.details a').pathname === '/guide/desafio1'")
            .await;
        // What only the SDK says is folded away.
        alone
            .until("document.querySelector('.details details').textContent.includes('telemetry.sdk.name')")
            .await;
        assert_eq!(complaints(&alone).await, "");
    }
}

#[tokio::test]
async fn the_list_shows_what_a_person_did_keeps_the_focus_and_finds_what_is_sought() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let lab = Lab::ready(&[]).await;
    let page = browser.open(&lab.url("/?service=desafio1-servidor")).await;
    page.until("document.querySelector('.rounds') !== null")
        .await;
    // A round whose root has not come yet stands by itself until it has.
    page.until("document.querySelectorAll('.traces .line').length === 0")
        .await;
    let first = asked(&page).await;
    page.until("document.querySelectorAll('.traces .line').length === 1")
        .await;
    page.eval("document.querySelector('.traces .line').focus()")
        .await;
    let second = asked(&page).await;
    page.until("document.querySelectorAll('.traces .line').length === 2")
        .await;
    // The first one was moved down by the second, and still has the focus.
    let focused =
        format!("document.activeElement.getAttribute('aria-controls') === 'trace-{first}'");
    page.until(&focused).await;
    page.press(ENTER, 0).await;
    page.until("document.querySelector('.detail .waterfall') !== null")
        .await;
    // Pinned, it stands above the others.
    page.eval(&format!("document.getElementById('pin-{first}').click()"))
        .await;
    page.until("!document.querySelector('.pinned').hidden")
        .await;
    assert_ne!(first, second);

    let found = browser.open(&lab.url(&format!("/?text={second}"))).await;
    found
        .until("document.querySelectorAll('.all .line').length === 1")
        .await;
    let none = browser.open(&lab.url("/?tag=http.route%3D%2Fnone")).await;
    none.until("document.querySelector('.all .note')?.hidden === false")
        .await;
    let wrong = browser.open(&lab.url("/?min=soon")).await;
    wrong.shows("100ms").await;
    assert_eq!(complaints(&page).await, "");
}

#[tokio::test]
async fn what_a_person_does_on_the_page_opens_its_trace() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let lab = Lab::ready(&[]).await;
    let page = browser.open(&lab.url("/play")).await;
    page.until("document.querySelectorAll('.play').length === 5")
        .await;
    for (form, answer) in [(0, "Olá, João!"), (1, "ÍMPAR"), (2, "200")] {
        page.eval(&format!(
            "document.querySelectorAll('.play')[{form}].querySelector('form').requestSubmit()"
        ))
        .await;
        page.shows(answer).await;
        page.until(&format!(
            "document.querySelectorAll('.play')[{form}].querySelectorAll('.spans .span').length >= 2"
        ))
        .await;
    }
    page.eval("document.querySelectorAll('.play')[3].querySelector('form').requestSubmit()")
        .await;
    page.shows("Ana · ana@example.org").await;
    page.until("document.querySelector('.changes').textContent.includes('criado')")
        .await;
    // What one person says, the other hears.
    page.until("document.querySelectorAll('.person .status.well').length === 2")
        .await;
    page.eval("document.querySelector('.person input').value = 'oi, B'")
        .await;
    page.eval("document.querySelector('.person form').requestSubmit()")
        .await;
    page.until("document.querySelectorAll('.person')[1].textContent.includes(': oi, B')")
        .await;
    page.until("document.querySelector('.said .own').textContent.includes('delivered')")
        .await;
    assert_eq!(complaints(&page).await, "");
}

#[tokio::test]
async fn a_node_of_the_mesh_says_what_it_is_by_keyboard_too() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let lab = Lab::ready(&[]).await;
    let page = browser.open(&lab.url("/mesh")).await;
    page.until("document.querySelectorAll('.mesh .node.is-ready').length >= 10")
        .await;
    page.until("document.querySelector('[data-edge=\"desafio1-client desafio1-servidor\"] .rate').textContent.includes('/min')")
        .await;
    page.eval("document.querySelector('[data-name=\"desafio1-client\"]').focus()")
        .await;
    page.press(ENTER, 0).await;
    page.until("document.querySelector('.panel .facts')?.textContent.includes('pid')")
        .await;
    page.shows("servidor: ready").await;
    page.until("document.querySelectorAll('.panel .log').length > 0")
        .await;
    let logs = browser
        .open(&lab.url("/logs?service=desafio1-client"))
        .await;
    logs.until("document.querySelectorAll('.log').length > 0")
        .await;
    assert_eq!(complaints(&page).await, "");
    assert_eq!(complaints(&logs).await, "");
}

#[tokio::test]
async fn a_lesson_is_given_on_the_page() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let lab = Lab::ready(&[]).await;
    let page = browser.open(&lab.url("/lessons")).await;
    page.until("document.querySelectorAll('.lesson').length >= 10")
        .await;
    page.eval("document.querySelector('#desafio1-refused-or-silent [data-does=begin]').click()")
        .await;
    page.until("document.querySelector('.lesson-now .acts').textContent.includes('cut')")
        .await;
    page.eval("document.querySelector('.lesson-now [data-does=next]').click()")
        .await;
    page.until("document.querySelector('.lesson-now .acts').textContent.includes('silence')")
        .await;
    page.eval("document.querySelector('.lesson-now [data-does=stop]').click()")
        .await;
    page.until("document.querySelector('.lesson-now').hidden")
        .await;
    assert_eq!(complaints(&page).await, "");
}

#[tokio::test]
async fn no_word_lacks_its_translation_and_no_page_is_wider_than_a_phone() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let lab = Lab::ready(&[]).await;
    for path in PAGES {
        let page = browser.open_with(&lab.url(path), Screen::PHONE).await;
        page.until("document.querySelector('#view h1, #view h2') !== null")
            .await;
        let missing = page
            .eval("import('/words.js').then((words) => words.missing())")
            .await;
        assert_eq!(missing, json!([]), "{path}");
        assert_eq!(page.eval("document.documentElement.lang").await, "pt-BR");
        let width = page.eval("document.documentElement.scrollWidth").await;
        assert_eq!(width, 320, "{path}");
        assert_eq!(complaints(&page).await, "", "{path}");
    }
}

#[tokio::test]
async fn axe_finds_nothing_on_any_page_in_light_and_in_the_dark() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let Some(axe) = Axe::get(15).await else {
        return;
    };
    let lab = Lab::ready(&[]).await;
    let dark = Screen {
        dark: true,
        ..Screen::DESK
    };
    let light = Screen {
        dark: false,
        ..Screen::PHONE
    };
    let page = browser.open(&lab.url("/")).await;
    page.until("document.querySelector('#search') !== null")
        .await;
    let trace = format!("/trace/{}", asked(&page).await);
    for (path, screen) in PAGES
        .into_iter()
        .zip([Screen::DESK, dark, light].into_iter().cycle())
    {
        let page = browser.open_with(&lab.url(path), screen).await;
        page.until("document.querySelector('#view h1, #view h2') !== null")
            .await;
        assert_eq!(axe.violations(&page).await, Vec::<String>::new(), "{path}");
    }
    for screen in [Screen::DESK, Screen::PHONE] {
        let page = browser.open_with(&lab.url(&trace), screen).await;
        page.until("document.querySelector('.spans .span') !== null")
            .await;
        page.eval("document.querySelector('.spans .span').click()")
            .await;
        assert_eq!(axe.violations(&page).await, Vec::<String>::new(), "{trace}");
    }
}
