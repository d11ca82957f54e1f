//! What people do on the page while everything is well.

use serde_json::json;

use crate::browser_or_skip;
use crate::services::both;
use crate::tab::{ENTER, ESCAPE, SHIFT, Screen, TAB};

#[tokio::test]
async fn two_people_chat_each_at_a_service_of_their_own() {
    let browser = browser_or_skip!();
    let (a, b) = both().await;
    let ana = browser.open(&a.url()).await;
    ana.connected().await;
    let bia = browser.open(&b.url()).await;
    bia.connected().await;
    let (at_a, at_b) = (ana.client().await, bia.client().await);
    ana.shows(&format!("Client #{at_b} joined the chat")).await;

    ana.say("teste").await;
    bia.shows(&format!("Client #{at_a}: teste")).await;
    bia.say("olá, João! 👋").await;
    ana.shows(&format!("Client #{at_b}: olá, João! 👋")).await;

    assert_eq!(
        ana.said().await,
        [
            "You: teste".to_owned(),
            format!("Client #{at_b}: olá, João! 👋")
        ]
    );
    ana.until("document.querySelector('.own').dataset.state === 'seen'")
        .await;
    ana.shows("seen by serviceB").await;
    assert_eq!(
        ana.eval("document.querySelector('h1').textContent").await,
        "serviceA"
    );
    assert_eq!(bia.eval("document.title").await, "serviceB · Malha");

    // Both messages are links to their traces, where the service says so.
    ana.until("document.querySelectorAll('a.trace').length === 2")
        .await;
    let link = ana
        .eval("document.querySelector('.own a.trace').href")
        .await;
    let trace = link
        .as_str()
        .unwrap()
        .strip_prefix("http://traces.example/trace/");
    assert_eq!(trace.map(str::len), Some(32), "{link}");
    let same = format!("document.querySelector('a.trace').href === {link}");
    assert_eq!(bia.eval(&same).await, true);

    // Who is here, at which service.
    for (client, service) in [(at_a, "serviceA"), (at_b, "serviceB")] {
        ana.until(&format!(
            "[...document.querySelectorAll('.card')].some((card) =>
                card.querySelector('h3').textContent === '{service}' &&
                [...card.querySelectorAll('.client')].some((item) => item.textContent.startsWith('#{client}')))"
        ))
        .await;
    }
    assert_eq!(
        ana.eval("document.getElementById('people-count').textContent")
            .await,
        "2 people here"
    );
    bia.call("Page.navigate", json!({ "url": "about:blank" }))
        .await;
    ana.shows(&format!("Client #{at_b} left the chat")).await;
    ana.until("document.getElementById('people-count').textContent === '1 person here'")
        .await;
}

#[tokio::test]
async fn the_page_works_below_the_path_of_a_proxy() {
    let browser = browser_or_skip!();
    let (a, b) = both().await;
    let ana = browser.open(&format!("{}chat/", a.url())).await;
    ana.connected().await;
    let bia = browser.open(&format!("{}chat/", b.url())).await;
    bia.connected().await;
    ana.say("teste").await;
    let at_a = ana.client().await;
    bia.shows(&format!("Client #{at_a}: teste")).await;
}

#[tokio::test]
async fn messages_that_nobody_saw_are_counted_until_they_are_seen() {
    let browser = browser_or_skip!();
    let (a, b) = both().await;
    let ana = browser.open_with(&a.url(), Screen::PHONE).await;
    let bia = browser.open(&b.url()).await;
    ana.connected().await;
    bia.connected().await;
    let long = "linha\n".repeat(60);
    bia.say(&long).await;
    ana.shows("linha").await;
    let at_end = "(() => { const log = document.getElementById('log');
        return log.scrollHeight - log.scrollTop - log.clientHeight < 2; })()";
    ana.until(at_end).await; // the end is followed

    ana.eval("document.getElementById('log').scrollTop = 0")
        .await;
    ana.until("!document.getElementById('jump').hidden").await;
    bia.say("uma").await;
    bia.say("duas").await;
    ana.shows("2 mensagens novas").await;
    assert_eq!(ana.eval("document.title").await, "(2) serviceA · Malha");
    assert_eq!(
        ana.eval("document.getElementById('log').scrollTop").await,
        0
    );

    ana.eval("document.getElementById('jump').click()").await;
    ana.until(at_end).await;
    ana.until("document.title === 'serviceA · Malha'").await;
    ana.until("document.getElementById('jump').hidden").await;
}

#[tokio::test]
async fn a_page_that_is_loaded_again_is_still_the_same_person() {
    let browser = browser_or_skip!();
    let (a, b) = both().await;
    let ana = browser.open(&a.url()).await;
    let bia = browser.open(&b.url()).await;
    ana.connected().await;
    bia.connected().await;
    let client = ana.client().await;
    ana.say("antes").await;
    bia.shows("antes").await;
    bia.say("resposta").await;
    ana.shows("resposta").await;
    let said = ana.said().await;

    ana.eval("window.old = true; setTimeout(() => location.reload())")
        .await;
    ana.until(
        "window.old === undefined && document.querySelector('[data-note=recovered]') !== null",
    )
    .await;
    ana.shows("nothing was missed").await;
    assert_eq!((ana.said().await, ana.client().await), (said, client));
    ana.say("depois").await;
    bia.shows(&format!("Client #{client}: depois")).await;
}

#[tokio::test]
async fn a_page_that_is_gone_back_to_is_still_the_same_person() {
    let browser = browser_or_skip!();
    let (a, b) = both().await;
    let ana = browser.open(&a.url()).await;
    let bia = browser.open(&b.url()).await;
    ana.connected().await;
    bia.connected().await;
    let client = ana.client().await;
    ana.say("antes").await;
    bia.shows("antes").await;
    ana.call("Page.navigate", json!({ "url": "about:blank" }))
        .await;
    bia.shows(&format!("Client #{client} left the chat")).await;
    bia.say("enquanto isso").await;

    // Whether the browser kept the page or loads it again.
    // Not before this answer has gone out, which the page that goes away would take along.
    ana.eval("setTimeout(() => history.back())").await;
    ana.connected().await;
    ana.shows("enquanto isso").await;
    ana.shows("nothing was missed").await;
    ana.say("depois").await;
    bia.shows(&format!("Client #{client}: depois")).await;
}

#[tokio::test]
async fn a_duplicated_tab_is_another_person() {
    let browser = browser_or_skip!();
    let (a, _b) = both().await;
    let ana = browser.open(&a.url()).await;
    ana.connected().await;
    ana.say("uma").await;
    ana.until("document.querySelectorAll('[data-state=seen]').length === 1")
        .await;
    let copy = browser.duplicate(&ana, &a.url()).await;
    copy.connected().await;
    let (at_first, at_copy) = (ana.client().await, copy.client().await);
    assert_ne!(at_first, at_copy);
    copy.say("duas").await;
    ana.shows(&format!("Client #{at_copy}: duas")).await;
    // Neither took the other's place.
    ana.say("tres").await;
    copy.shows(&format!("Client #{at_first}: tres")).await;
}

/// As on a machine that has much to do: a page that gave up its lock after a while once shared its
/// session with its copy.
#[tokio::test]
async fn a_duplicated_tab_is_another_person_however_slow_the_browser_is() {
    let browser = browser_or_skip!();
    let (a, _b) = both().await;
    let slow = "const request = navigator.locks.request.bind(navigator.locks);
        navigator.locks.request = async (...asked) => {
            await new Promise((over) => setTimeout(over, 1000));
            return request(...asked);
        };";
    let ana = browser.open_after(slow, &a.url()).await;
    ana.connected().await;
    let copy = browser.duplicate(&ana, &a.url()).await;
    copy.connected().await;
    assert_ne!(ana.client().await, copy.client().await);
}

#[tokio::test]
async fn a_page_whose_session_went_elsewhere_says_so_and_waits_to_be_asked() {
    let browser = browser_or_skip!();
    let (a, _b) = both().await;
    let ana = browser.open(&a.url()).await;
    ana.connected().await;
    // Another connection of the same session, as from a browser that cannot tell copies apart.
    ana.eval(
        "(() => {
            const { client, session } = JSON.parse(sessionStorage.getItem('malha-chat-identity'));
            window.other = new WebSocket(`ws://${location.host}/ws/${client}?session=${session}`, 'malha.chat.v1');
        })()",
    )
    .await;
    ana.shows("This conversation goes on in another tab.").await;
    assert_eq!(ana.eval("other.readyState").await, 1);
    ana.eval("document.getElementById('again').click()").await;
    ana.connected().await;
    ana.until("other.readyState === 3").await;
}

#[tokio::test]
async fn what_has_the_focus_keeps_it_while_its_message_comes_further() {
    let browser = browser_or_skip!();
    let (a, mut b) = both().await;
    b.kill().await;
    let ana = browser.open(&a.url()).await;
    ana.connected().await;
    ana.say("olá").await;
    ana.until("document.querySelector('[data-state=accepted] .trace') !== null")
        .await;
    ana.eval("document.querySelector('.trace').focus()").await;
    b.start().await;
    ana.until("document.querySelector('[data-state=seen]') !== null")
        .await;
    assert_eq!(ana.eval("document.activeElement.className").await, "trace");
}

#[tokio::test]
async fn everything_can_be_done_by_keyboard() {
    let browser = browser_or_skip!();
    let (a, _b) = both().await;
    let ana = browser.open(&a.url()).await;
    ana.connected().await;
    ana.until("document.activeElement.id === 'text'").await;
    ana.types("uma").await;
    ana.press(ENTER, SHIFT).await;
    ana.types("duas").await;
    ana.press(ENTER, 0).await;
    ana.until("document.querySelectorAll('.said').length === 1")
        .await;
    assert_eq!(ana.said().await, ["You: uma\nduas"]);
    assert_eq!(ana.eval("document.activeElement.id").await, "text");
    ana.until("document.querySelector('a.trace') !== null")
        .await;

    // Backwards from where one writes is the newest message; Escape leads back.
    ana.press(TAB, SHIFT).await;
    assert_eq!(ana.eval("document.activeElement.className").await, "trace");
    ana.press(ESCAPE, 0).await;
    assert_eq!(ana.eval("document.activeElement.id").await, "text");

    // From the top, every stop shows that it has the focus.
    ana.eval("document.activeElement.blur(); getSelection().removeAllRanges();
        document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex')")
        .await;
    let mut stops = Vec::new();
    for _ in 0..6 {
        ana.press(TAB, 0).await;
        let stop = ana
            .eval("(() => { const at = document.activeElement; const { outlineStyle } = getComputedStyle(at);
                return [at.id || at.dataset.language || at.className, outlineStyle]; })()")
            .await;
        assert_eq!(stop[1], "solid", "{stop}");
        stops.push(stop[0].as_str().unwrap().to_owned());
    }
    assert_eq!(stops, ["skip", "pt", "en", "log", "trace", "text"]);

    ana.eval("document.querySelector('[data-language=pt]').focus()")
        .await;
    ana.press(ENTER, 0).await;
    ana.until("document.documentElement.lang === 'pt-BR'").await;
    ana.shows("Quem está aqui").await;
}

#[tokio::test]
async fn what_is_too_long_is_counted_in_bytes_and_cannot_be_sent() {
    let browser = browser_or_skip!();
    let (a, b) = both().await;
    let ana = browser.open(&a.url()).await;
    let bia = browser.open(&b.url()).await;
    ana.connected().await;
    bia.connected().await;
    // As long as may be, in two bytes each: the service takes it.
    let left = "Number(document.getElementById('left').textContent.replace(/\\D/g, ''))";
    let room = ana.eval(left).await.as_u64().unwrap();
    let longest = "é".repeat(usize::try_from(room / 2).unwrap());
    ana.types(&longest).await;
    ana.until(&format!("{left} === {}", room % 2)).await;
    ana.types("éé").await;
    ana.shows("bytes too many").await;
    assert_eq!(
        ana.eval("document.getElementById('send').disabled").await,
        true
    );
    ana.press(ENTER, 0).await;
    assert_eq!(ana.count(".said").await, 0);

    ana.eval("document.getElementById('text').value = ''").await;
    ana.say(&longest).await;
    bia.until("document.querySelectorAll('.said').length === 1")
        .await;
    let client = ana.client().await;
    assert_eq!(bia.said().await, [format!("Client #{client}: {longest}")]);
    // Half a character, which is no UTF-8, does not end the connection.
    ana.eval("document.getElementById('text').value = 'meio \\ud83d'; 0")
        .await;
    ana.say("!").await;
    bia.shows("meio \u{fffd}!").await;
}
