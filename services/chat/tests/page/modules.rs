//! The page's modules by themselves, in the browser that runs them: what no service brings about.

use serde_json::json;

use crate::browser::Browser;
use crate::browser_or_skip;
use crate::services::{Service, both};
use crate::tab::Tab;

/// A page on which `conversation` is one without a view.
async fn modules(browser: &Browser) -> (Tab, [Service; 2]) {
    let (a, b) = both().await;
    let page = browser.open(&a.url()).await;
    page.connected().await;
    page.eval(
        "(async () => {
            const { Conversation } = await import('/conversation.js');
            const { Outbox } = await import('/outbox.js');
            const none = () => {};
            const view = { added: none, changed: none, removed: none, arrived: none };
            const fresh = () => new Conversation(1, view);
            const others = (cursor) => ({ type: 'message', cursor, id: `m${cursor}`, client: 2,
                service: 'serviceB', text: 'olá', at: 0 });
            const welcome = (values) => ({ type: 'welcome', service: 'serviceA', epoch: 'e', cursor: 0,
                behind: 0, peers: [{ service: 'serviceB', reachable: true }], ...values });
            Object.assign(window, { Outbox, fresh, others, welcome });
        })()",
    )
    .await;
    (page, [a, b])
}

#[tokio::test]
async fn a_page_keeps_a_bounded_number_of_messages_but_all_that_wait() {
    let browser = browser_or_skip!();
    let (page, _services) = modules(&browser).await;
    let kept = page
        .eval(
            "(() => {
                const all = fresh();
                all.welcome(welcome(), 0);
                const said = Array.from({ length: 101 }, (_, n) => all.say(`meu ${n}`));
                for (let cursor = 1; cursor <= 5000; cursor += 1) all.take(others(cursor));
                return [said.filter(Boolean).length, all.entries.length, all.pending().length, all.trimmed, all.cursor];
            })()",
        )
        .await;
    assert_eq!(kept, json!([100, 300, 100, true, 5000]));
    // 16 KiB each: fewer of them.
    let long = page
        .eval(
            "(() => {
                const all = fresh();
                all.welcome(welcome(), 0);
                for (let cursor = 1; cursor <= 300; cursor += 1) all.take({ ...others(cursor), text: 'x'.repeat(16000) });
                return all.entries.length;
            })()",
        )
        .await;
    assert_eq!(long, 62);
}

#[tokio::test]
async fn a_message_that_comes_twice_is_shown_once() {
    let browser = browser_or_skip!();
    let (page, _services) = modules(&browser).await;
    let shown = page
        .eval(
            "(() => {
                const all = fresh();
                all.welcome(welcome(), 0);
                for (const cursor of [1, 2, 2, 1]) all.take(others(cursor));
                // Again as what another log begins with.
                all.welcome(welcome({ epoch: 'f', recovered: false, behind: 1 }), 5);
                all.take({ ...others(2), cursor: 1 });
                all.take({ ...others(3), cursor: 2 });
                return all.entries.map(({ id, word }) => id ?? word).concat(all.cursor);
            })()",
        )
        .await;
    assert_eq!(shown, json!(["m1", "m2", "missed", "m3", 2]));
}

#[tokio::test]
async fn what_a_service_forgot_before_its_peer_had_it_is_said_to_be_unknown() {
    let browser = browser_or_skip!();
    let (page, _services) = modules(&browser).await;
    let states = page
        .eval(
            "(() => {
                const all = fresh();
                all.welcome(welcome(), 0);
                all.say('um');
                all.say('dois');
                const [first, second] = all.pending();
                all.take({ type: 'accepted', cursor: 1, id: first.id });
                all.take({ type: 'accepted', cursor: 2, id: second.id });
                all.take({ type: 'delivered', id: first.id, service: 'serviceB', through: 1 });
                all.welcome(welcome({ epoch: 'f', recovered: false, delivered: { serviceB: 7 } }), 5);
                return [first, second].map(({ state, seen }) => [state, seen.length]);
            })()",
        )
        .await;
    assert_eq!(states, json!([["accepted", 1], ["unknown", 0]]));
}

#[tokio::test]
async fn messages_go_out_one_at_a_time_and_what_is_refused_is_sent_again_only_if_asked() {
    let browser = browser_or_skip!();
    let (page, _services) = modules(&browser).await;
    let sent = page
        .eval(
            "(async () => {
                const all = fresh();
                const sent = [];
                const connection = { state: 'open', send: (frame) => sent.push(frame.text) > 0, renew() {} };
                const outbox = new Outbox(all, connection);
                const answer = (frame) => { all.take(frame); outbox.take(frame); };
                all.welcome(welcome(), 0);
                for (const text of ['um', 'dois', 'tres']) all.say(text);
                const [one, two, three] = all.pending();
                outbox.begin();
                const alone = sent.length;
                // Too fast: the same again, in its turn, when the service says.
                answer({ type: 'refused', id: one.id, reason: 'rate', retry_after: 20 });
                const held = sent.length;
                while (sent.length === held) await new Promise((soon) => setTimeout(soon, 5));
                answer({ type: 'accepted', cursor: 1, id: one.id });
                answer({ type: 'refused', id: two.id, reason: 'outbox_full' });
                answer({ type: 'accepted', cursor: 2, id: three.id });
                all.retry(two);
                outbox.flush();
                // A connection that is lost before the answer came.
                outbox.end(1006, '');
                outbox.begin();
                // A frame that the service would not read must not be sent for ever.
                outbox.end(1008, 'bad frame: no text');
                outbox.begin();
                return [alone, held, sent, two.state, all.entries.map(({ text }) => text)];
            })()",
        )
        .await;
    let sent_in_all = ["um", "um", "dois", "tres", "dois", "dois"];
    assert_eq!(
        sent,
        json!([1, 1, sent_in_all, "refused", ["um", "tres", "dois"]])
    );
}

#[tokio::test]
async fn a_service_is_the_same_one_once_it_has_said_its_name() {
    let browser = browser_or_skip!();
    let (page, _services) = modules(&browser).await;
    let known = page
        .eval(
            "(() => {
                const all = fresh();
                const host = '127.0.0.1:8001';
                all.welcome(welcome({ peers: [{ service: host, reachable: false }] }), 0);
                all.say('um');
                const [own] = all.pending();
                all.take({ type: 'accepted', cursor: 1, id: own.id });
                all.take({ type: 'delivered', id: own.id, service: host, through: 1 });
                all.take({ type: 'peer', service: 'serviceB', was: host, reachable: true, waiting: 0 });
                return [own.seen, all.peers.map(({ service, reachable }) => [service, reachable])];
            })()",
        )
        .await;
    assert_eq!(known, json!([["serviceB"], [["serviceB", true]]]));
}

/// Once the page said that messages wait for a service that would never get them.
#[tokio::test]
async fn where_messages_are_tried_once_nothing_is_said_to_wait() {
    let browser = browser_or_skip!();
    let (page, _services) = modules(&browser).await;
    let says = "(async (once) => {
        const { People } = await import('/people.js');
        const { word } = await import('/words.js');
        const all = fresh();
        all.welcome(welcome(once ? { at_most_once: true } : {}), 0);
        all.say('um');
        all.say('dois');
        const [lost, sent] = all.pending();
        all.take({ type: 'accepted', cursor: 1, id: lost.id });
        all.take({ type: 'accepted', cursor: 2, id: sent.id });
        all.take({ type: 'peer', service: 'serviceB', reachable: false, waiting: 0 });
        all.take({ type: 'refused', id: lost.id, reason: 'undeliverable', service: 'serviceB' });
        new People(1).welcome(all, {});
        const note = all.entries.find(({ kind }) => kind === 'note');
        const card = [...document.querySelectorAll('#services .card')].at(-1);
        return [word(note.word, ...note.values), card.querySelector('.waits').textContent, all.waiting('serviceB')];
    })";
    assert_eq!(
        page.eval(&format!("{says}(true)")).await,
        json!([
            "serviceB does not answer: what is sent now does not reach it, and is lost.",
            "what is sent now is lost",
            0
        ])
    );
    // Elsewhere only what a service refused does not wait for it.
    assert_eq!(
        page.eval(&format!("{says}(false)")).await,
        json!([
            "serviceB does not answer: messages wait for it.",
            "1 message of yours waits for it",
            1
        ])
    );
}

/// Once it said that nobody was at a service which had not been heard yet.
#[tokio::test]
async fn that_nobody_is_at_a_service_is_said_only_once_it_said_so() {
    let browser = browser_or_skip!();
    let (page, _services) = modules(&browser).await;
    let facts = page
        .eval(
            "(async () => {
                const { People } = await import('/people.js');
                const all = fresh();
                all.welcome(welcome(), 0);
                const people = new People(1);
                const fact = () => [...document.querySelectorAll('#services .card')].at(-1).querySelector('.fact').textContent;
                people.welcome(all, { presence: [] });
                const facts = [fact()];
                const seen = (presence) => { people.replace([{ service: 'serviceB', ...presence }]); facts.push(fact()); };
                seen({ count: 0, clients: [] });
                seen({ count: 1, clients: [9] });
                return facts;
            })()",
        )
        .await;
    assert_eq!(
        facts,
        json!([
            "has not said yet who is there · answers",
            "nobody at the moment · answers",
            "1 person · answers"
        ])
    );
}
