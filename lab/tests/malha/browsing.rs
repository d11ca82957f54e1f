//! The page in a real browser: what a person sees and does on it.

use std::fmt::Write;

use serde_json::json;

use crate::axe::Axe;
use crate::browser::Browser;
use crate::harness::Lab;
use crate::tab::{ENTER, Screen, Tab};

/// Every page, a trace's own aside.
const PAGES: [&str; 10] = [
    "/",
    "/mesh",
    "/play",
    "/lessons",
    "/wire",
    "/logs",
    "/guide",
    "/guide/hello",
    "/guide/hello/sheet",
    "/guide/hello/teacher",
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
pub(crate) async fn complaints(page: &Tab) -> String {
    let mut said = String::new();
    for event in page.events("Runtime.consoleAPICalled").await {
        if ["error", "warning"].contains(&event["params"]["type"].as_str().unwrap()) {
            writeln!(said, "{}", event["params"]["args"]).unwrap();
        }
    }
    for event in page.events("Log.entryAdded").await {
        if event["params"]["entry"]["level"] == "error" {
            writeln!(said, "{}", event["params"]["entry"]).unwrap();
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
async fn what_a_process_says_stands_below_its_span() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let lab = Lab::ready(&[]).await;
    let said = lab
        .json("/lab/logs?service=desafio1-client&text=ready")
        .await;
    let trace = said["lines"][0]["trace"].as_str().unwrap();
    let page = browser.open(&lab.url(&format!("/trace/{trace}"))).await;
    let below = "document.querySelector('.spans > li .said-here')?.textContent";
    page.until(&format!("{below}?.includes('ready dependency')"))
        .await;
    page.until("document.querySelector('.track .noted') !== null")
        .await;
    // The same where a trace is drawn while it grows.
    let play = browser.open(&lab.url("/play")).await;
    play.until("document.querySelector('.play') !== null").await;
    play.eval(&format!("import('/live.js').then(({{ liveTrace }}) => document.querySelector('main').append(liveTrace('{trace}')))"))
        .await;
    let below = "document.querySelector('.live .spans > li .said-here')?.textContent";
    play.until(&format!("{below}?.includes('ready dependency')"))
        .await;
    assert_eq!(complaints(&play).await, "");
    assert_eq!(complaints(&page).await, "");
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
    // What waits while the cable is cut is counted as it grows, and no longer said once it has arrived.
    let faults = "/lab/links/serviceA-to-serviceB/faults";
    page.eval(&format!(
        "fetch('{faults}', {{ method: 'POST', headers: {{ 'content-type': 'application/json' }}, body: '{{\"fault\": \"cut\"}}' }})"
    ))
    .await;
    for text in ["um", "dois"] {
        page.eval(&format!(
            "document.querySelector('.person input').value = '{text}'; document.querySelector('.person form').requestSubmit()"
        ))
        .await;
    }
    let waits = "document.querySelector('.person .head + .note').textContent";
    page.until(&format!("{waits}.endsWith('2 messages wait for serviceB')"))
        .await;
    page.eval(&format!("fetch('{faults}', {{ method: 'DELETE' }})"))
        .await;
    page.until(&format!("{waits} === ''")).await;
    page.until("document.querySelectorAll('.person')[1].textContent.includes(': dois')")
        .await;
    assert_eq!(complaints(&page).await, "");

    // The frame in which it was said, without its mask.
    let wire = browser
        .open(&lab.url("/wire?link=browser-to-serviceA"))
        .await;
    let masked = "[...document.querySelectorAll('.messages .line')]
        .find((line) => line.textContent.includes('websocket') && line.querySelector('.way.upstream'))";
    wire.until(&format!("{masked} !== undefined")).await;
    wire.eval(&format!("{masked}.click()")).await;
    wire.until("document.querySelector('.mask-letter')?.textContent.includes('{\"')")
        .await;
    wire.eval(
        "document.querySelector('.byte').dispatchEvent(new Event('mouseover', { bubbles: true }))",
    )
    .await;
    wire.until("document.querySelector('.means').textContent.includes('RFC 6455')")
        .await;
    assert_eq!(complaints(&wire).await, "");
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
    page.until("document.querySelectorAll('.spark svg').length >= 3")
        .await;
    page.eval("document.querySelector('.settings summary').click()")
        .await;
    page.until("document.querySelector('.settings .table')?.textContent.includes('DRAIN_TIMEOUT')")
        .await;
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
    page.until("document.querySelector('.lesson-now .actions').textContent.includes('cut')")
        .await;
    page.eval("document.querySelector('.lesson-now [data-does=next]').click()")
        .await;
    page.until("document.querySelector('.lesson-now .actions').textContent.includes('silence')")
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
async fn axe_finds_nothing_on_any_page_at_a_desk_and_on_a_phone_in_the_dark() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let Some(axe) = Axe::get(15).await else {
        return;
    };
    let lab = Lab::ready(&[]).await;
    let page = browser.open(&lab.url("/")).await;
    page.until("document.querySelector('#search') !== null")
        .await;
    let (one, other) = (asked(&page).await, asked(&page).await);
    let is_drawn = "document.querySelector('#view h1, #view h2') !== null";
    let is_open = "document.querySelectorAll('.spans .span').length > 1";
    let has_panel = "document.querySelectorAll('.spark').length > 0";
    let pages = PAGES.map(|path| (path.to_owned(), is_drawn));
    let more = [
        (format!("/trace/{one}"), is_open),
        (format!("/compare/{one}/{other}"), is_open),
        ("/mesh#desafio1-client".to_owned(), has_panel),
        (
            format!("/wire?trace={one}"),
            "document.querySelector('.messages .line') !== null",
        ),
    ];
    for (path, is_there) in pages.into_iter().chain(more) {
        for screen in [Screen::DESK, Screen::PHONE] {
            let page = browser.open_with(&lab.url(&path), screen).await;
            page.until(is_there).await;
            // What can be opened counts, too.
            page.eval("for (const one of document.querySelectorAll('#view summary, .spans .span, .messages .line')) one.click()")
                .await;
            let found = axe.violations(&page).await;
            assert_eq!(found, Vec::<String>::new(), "{path}");
            assert_eq!(complaints(&page).await, "", "{path}");
        }
    }
}

#[tokio::test]
async fn the_gateway_s_documents_can_be_read_by_anybody_at_a_desk_and_on_a_phone() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let Some(axe) = Axe::get(15).await else {
        return;
    };
    let lab = Lab::ready(&[]).await;
    let gateway = lab.service("grpc-cliente").await["listen"].clone();
    let gateway = format!("http://{}", gateway.as_str().unwrap());
    let pages = [
        (
            "/docs",
            "document.querySelectorAll('.opblock').length === 7",
        ),
        (
            "/redoc",
            "document.querySelector('h1') && document.querySelectorAll('[id^=\"operation/\"]').length >= 7",
        ),
    ];
    for (path, is_drawn) in pages {
        for screen in [Screen::DESK, Screen::PHONE] {
            let page = browser.open_with(&format!("{gateway}{path}"), screen).await;
            page.until(is_drawn).await;
            page.eval("for (const one of document.querySelectorAll('.opblock-summary-control')) one.click()")
                .await;
            page.until("document.querySelectorAll('.responses-table').length === document.querySelectorAll('.opblock').length")
                .await;
            let found = axe.violations(&page).await;
            assert_eq!(found, Vec::<String>::new(), "{path}");
            assert_eq!(complaints(&page).await, "", "{path}");
            let fits = "document.documentElement.scrollWidth <= innerWidth";
            assert_eq!(page.eval(fits).await, true, "{path}");
            let is_dark = "document.documentElement.classList.contains('dark-mode')
                || getComputedStyle(document.body).backgroundColor === 'rgb(27, 31, 35)'";
            assert_eq!(page.eval(is_dark).await, screen.dark, "{path}");
        }
    }
}
