//! For every eye, hand and ear: axe-core's rules, and a screen of 320 pixels.

use serde_json::json;

use crate::axe::Axe;
use crate::browser_or_skip;
use crate::services::both;
use crate::tab::Screen;

#[tokio::test]
async fn axe_finds_nothing_on_any_screen_in_any_state() {
    let browser = browser_or_skip!();
    let Some(axe) = Axe::get(20).await else {
        return;
    };
    let (a, mut b) = both().await;
    let dark = Screen {
        dark: true,
        ..Screen::DESK
    };
    let light = Screen {
        dark: false,
        ..Screen::PHONE
    };
    let mut pages = Vec::new();
    for screen in [Screen::DESK, dark] {
        pages.push(browser.open_with(&a.url(), screen).await);
    }
    for screen in [Screen::PHONE, light] {
        pages.push(browser.open_with(&b.url(), screen).await);
    }
    for page in &pages {
        page.connected().await;
        page.say("olá").await;
    }
    for page in &pages {
        page.until("document.querySelectorAll('.said').length === 4")
            .await;
        page.until("document.querySelectorAll('[data-state=seen]').length === 1")
            .await;
        assert_eq!(axe.violations(page).await, Vec::<String>::new(), "chatting");
    }
    for page in &pages[2..] {
        page.eval("document.getElementById('people-toggle').click()")
            .await;
        assert_eq!(
            axe.violations(page).await,
            Vec::<String>::new(),
            "people shown"
        );
        page.eval("document.getElementById('people-toggle').click()")
            .await;
    }

    b.kill().await;
    for page in &pages[2..] {
        page.until("!document.getElementById('lost').hidden").await;
    }
    for page in &pages {
        page.say("ainda aí?").await;
    }
    for page in &pages[..2] {
        page.until("document.querySelector('.card.ill') !== null")
            .await;
    }
    for page in &pages {
        assert_eq!(
            axe.violations(page).await,
            Vec::<String>::new(),
            "serviceB away"
        );
    }
}

#[tokio::test]
async fn nothing_is_cut_off_at_320_pixels() {
    let browser = browser_or_skip!();
    let (a, _b) = both().await;
    let page = browser.open_with(&a.url(), Screen::PHONE).await;
    page.connected().await;
    page.say(&"a".repeat(400)).await;
    page.until("document.querySelectorAll('.said').length === 1")
        .await;
    let wider = "[...document.querySelectorAll('body *')].filter((element) => !element.closest('.unseen, .skip, svg') &&
        element.getBoundingClientRect().right > 320).map((element) => element.outerHTML.slice(0, 80))";
    assert_eq!(page.eval(wider).await, json!([]));
    assert_eq!(page.eval("document.documentElement.scrollWidth").await, 320);
    // In the language of the browser.
    assert_eq!(page.eval("document.documentElement.lang").await, "pt-BR");
    page.shows("conectado").await;
}
