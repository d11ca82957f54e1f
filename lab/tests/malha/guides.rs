//! The guides on the page in a real browser: their commands, their pictures, the sheets made of them.

use serde_json::{Value, json};
use testing::eventually;

use crate::browser::Browser;
use crate::browsing::complaints;
use crate::harness::Lab;
use crate::tab::{ENTER, Screen, Tab};

/// The button that does something with a command.
fn button(does: &str, command: &str) -> String {
    let label = Value::from(format!("{does}: {command}"));
    format!("[...document.querySelectorAll('button')].find((one) => one.ariaLabel === {label})")
}

/// Presses it by the keyboard.
async fn press(page: &Tab, button: &str) {
    page.until(&format!("{button} !== undefined")).await;
    page.eval(&format!("{button}.focus()")).await;
    page.press(ENTER, 0).await;
}

/// Runs a command of a guide, and waits until its outcome, which is spoken, has this in it.
async fn run(page: &Tab, command: &str, outcome: &str) {
    let button = button("run", command);
    press(page, &button).await;
    let outcome = Value::from(outcome);
    page.until(&format!(
        "[...{button}.closest('.shell-command, p').querySelectorAll('[role=status]')].some((one) => one.textContent.includes({outcome}))"
    ))
    .await;
}

/// A clipboard that can be looked into.
const CLIPBOARD: &str = "Object.defineProperty(navigator, 'clipboard',
    { value: { writeText: async (text) => { window.pasted = text; } } });";

/// Copies a command, and waits until the clipboard has it as a shell takes it, which is spoken.
async fn copy(page: &Tab, command: &str) {
    press(page, &button("copy", command)).await;
    let command = Value::from(command);
    page.until(&format!("window.pasted === {command}")).await;
    page.until(&format!("[...document.querySelectorAll('[role=status]')].some((one) => one.textContent === 'copied: ' + {command})"))
        .await;
}

#[tokio::test]
async fn a_command_that_the_lab_can_do_is_run_by_its_button_and_any_is_copied() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let lab = Lab::ready(&[]).await;
    let page = browser
        .open_after(CLIPBOARD, &lab.url("/guide/desafio1"))
        .await;
    for (verb, said, state) in [
        ("freeze", "is frozen", "frozen"),
        ("resume", "goes on", "running"),
    ] {
        let command = format!("cargo run -- {verb} desafio1-servidor");
        run(&page, &command, said).await;
        eventually(state, async || {
            let service = lab.service("desafio1-servidor").await;
            (service["state"] == state).then_some(())
        })
        .await;
    }
    run(&page, "curl -s localhost:8080", "Olá! Aqui é o servidor").await;
    // In a trace of one's own, which the next command asks for.
    let own = "4bf92f3577b34da6a3ce929d0e0e4736";
    let context = format!("curl -s localhost:8080 -H 'traceparent: 00-{own}-00f067aa0ba902b7-01'");
    run(&page, &context, "Olá! Aqui é o servidor").await;
    let found = format!("curl -s localhost:8888/api/traces/{own}");
    run(&page, &found, &format!("\"traceID\":\"{own}\"")).await;
    let lesson = "cargo run -- lesson desafio1-refused-or-silent";
    run(&page, lesson, "The lesson is on").await;
    assert_eq!(
        lab.json("/lab/lessons").await["running"]["id"],
        "desafio1-refused-or-silent"
    );
    page.eval("fetch('/lab/lessons', { method: 'DELETE' })")
        .await;
    for command in [
        // A comment stands behind it, it stands in a console's block, and in a sentence.
        "kubectl get pods,endpointslices -n desafio1",
        "curl -s localhost:9111/readyz",
        "skaffold dev -p desafio1",
    ] {
        copy(&page, command).await;
    }
    assert_eq!(complaints(&page).await, "");
    // What the lab refuses is told where the outcome would be.
    page.eval("import('/commands.js').then(({ shell }) => document.querySelector('.guide').append(shell([{ shown: 'malha start desafio1-servidor', pasted: 'malha start desafio1-servidor' }], ['processes'])))")
        .await;
    run(
        &page,
        "malha start desafio1-servidor",
        "it cannot start now",
    )
    .await;
}

/// Runs in the page: every command of the guides in one language that has no button, and those that
/// can be run, sorted.
const OFFERED: &str = "
    (async (language) => {
        const [{ markdown }, { equip }, { isCommand }] = await Promise.all(['markdown', 'commands', 'shell'].map((name) => import(`/${name}.js`)));
        const without = [];
        const run = [];
        for (const name of ['desafio1', 'hello', 'sockets', 'grpc', 'chat']) {
            const place = document.createElement('div');
            place.append(...markdown(await (await fetch(`/guides/${language}/${name}`)).text()));
            equip(place, ['links', 'processes', 'play']);
            for (const code of place.querySelectorAll('code')) {
                const text = code.textContent;
                const beside = code.closest('.shell-line') ?? code.nextElementSibling;
                const tools = beside?.matches('button, a') ? [beside] : [...(beside?.querySelectorAll('button') ?? [])];
                const isRun = tools.some((tool) => tool.matches('.main'));
                if (isRun) run.push(text.replace(/ +#.*/, ''));
                if ((isCommand(text) && tools.length === 0) || (/^cargo run -- (break|mend|stop|start|kill|freeze|resume|lesson) /.test(text) && !isRun)) without.push(text);
            }
        }
        return { without, run: run.sort() };
    })";

#[tokio::test]
async fn every_command_has_a_button_and_the_lab_does_the_same_in_both_languages_and_no_more() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let lab = Lab::ready(&[]).await;
    let page = browser
        .open_after(CLIPBOARD, &lab.url("/guide/hello"))
        .await;
    page.until("document.querySelector('.pasted button') !== null")
        .await;
    // Python is copied as a whole.
    page.eval("document.querySelector('.pasted button').click()")
        .await;
    page.until("window.pasted?.startsWith('import socket\\ndef hello')")
        .await;
    let english = page.eval(&format!("{OFFERED}('en')")).await;
    let portuguese = page.eval(&format!("{OFFERED}('pt')")).await;
    assert_eq!(english["without"], json!([]));
    assert_eq!(portuguese["without"], json!([]));
    assert_eq!(english["run"], portuguese["run"]);
    let offered = english["run"].as_array().unwrap();
    assert!(offered.len() > 30, "{offered:?}");

    let refused = json!([
        "rm -r x",
        "cargo run -- desafio1",
        "malha top --once",
        "malha freeze a b",
        "malha start a for=3s",
        "malha freeze a && rm -r x",
        "malha freeze a; rm -r x",
        "malha freeze $(x)",
        "malha freeze 'a",
        "curl localhost:8100/usuarios/$U",
        "curl localhost:8080 -H 'traceparent: 00-1-2-01'",
        "curl localhost:8080 -H 'traceparent: 00-00000000000000000000000000000000-00f067aa0ba902b7-01'",
        "curl localhost:8080 -H 'cookie: a=b'",
        "curl localhost:8080 -T x",
        "curl localhost:8080/../../../../lab/mend -X POST",
        "curl localhost:8080/%2e%2e/%2e%2e/%2e%2e/%2e%2e/lab/mend -X POST",
        "curl localhost:8888/lab/mend -X POST",
        "curl localhost:8888//example.org/",
        "curl localhost:22",
        "curl example.org:8080",
    ]);
    let done = page
        .eval(&format!("import('/deeds.js').then(({{ deedsOf }}) => {refused}.filter((text) => deedsOf(text, ['links', 'processes', 'play']) !== null))"))
        .await;
    assert_eq!(done, json!([]));
    // Where there are no processes, as in a cluster, nothing acts on one.
    let nothing = "import('/deeds.js').then(({ deedsOf }) => deedsOf('malha freeze a', ['logs']))";
    assert_eq!(page.eval(nothing).await, Value::Null);
    assert_eq!(complaints(&page).await, "");
}

/// The Markdown of a guide.
async fn source_of(lab: &Lab, path: &str) -> String {
    let answer = lab.request(path).send().await.unwrap();
    answer.text().await.unwrap()
}

/// The page for teachers of the guide hello has every answer open, and the guide's minutes in all.
async fn shows_answers_and_minutes(page: &Tab, guide: &str) {
    page.until("document.querySelectorAll('.guide details').length > 0")
        .await;
    let open = "[...document.querySelectorAll('.guide details')].every((one) => one.open)";
    assert_eq!(page.eval(open).await, true);
    let minutes = guide.lines().filter_map(|line| {
        let number = line.strip_prefix('*')?.strip_suffix(" min*")?;
        number.parse::<u32>().ok()
    });
    let sum = page
        .eval("document.querySelector('.guide tr:last-child td:last-child').textContent")
        .await;
    assert_eq!(sum, minutes.sum::<u32>().to_string());
    page.shows("4f 6c c3 a1").await;
    assert_eq!(complaints(page).await, "");
}

#[tokio::test]
async fn the_sheets_are_made_of_the_guide_in_both_languages() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let lab = Lab::ready(&[]).await;
    for (screen, source, first, freeze, said) in [
        (
            Screen::DESK,
            "/guides/en/hello",
            "1. Silence",
            "run",
            ["Connect and say nothing.", "or: step by step"],
        ),
        (
            Screen::PHONE,
            "/guides/pt/hello",
            "1. Silêncio",
            "rodar",
            ["Conecte e não diga nada.", "ou: passo a passo"],
        ),
    ] {
        let guide = source_of(&lab, source).await;
        let experiments = guide.lines().filter(|line| {
            let number = line
                .strip_prefix("**")
                .and_then(|line| line.split_once(". "));
            number.is_some_and(|(number, _)| number.parse::<u32>().is_ok())
        });
        let page = browser
            .open_with(&lab.url("/guide/hello/sheet"), screen)
            .await;
        let rows = experiments.count();
        page.until(&format!(
            "document.querySelectorAll('.sheet tbody tr').length === {rows}"
        ))
        .await;
        let title = page
            .eval("document.querySelector('.sheet tbody a').textContent")
            .await;
        assert_eq!(title, first);
        // Neither what an experiment shows nor an answer is on it.
        let text = page
            .eval("document.querySelector('.guide').innerText")
            .await;
        let text = text.as_str().unwrap();
        for said in said {
            assert!(text.contains(said), "{said}");
        }
        for spoiler in [
            "nenhum nome chegou a tempo",
            "error.type",
            "4f 6c c3 a1",
            "UnicodeDecodeError",
            "ff fb 1f",
        ] {
            assert!(
                guide.contains(spoiler) && !text.contains(spoiler),
                "{spoiler}"
            );
        }
        let freeze = button(freeze, "cargo run -- freeze hello-server for=12s");
        assert_eq!(page.eval(&format!("{freeze} !== undefined")).await, true);

        // What is written is there again after a reload, until it is cleared.
        page.eval("document.querySelector('.sheet textarea').focus()")
            .await;
        page.types("an answer").await;
        page.eval("document.querySelector('.fields input').focus()")
            .await;
        page.types("Ana").await;
        page.eval("window.isLeft = true").await;
        page.call("Page.reload", json!({})).await;
        let value = "document.querySelector('.sheet textarea')?.value";
        let name = "document.querySelector('.fields input').value";
        page.until(&format!(
            "!window.isLeft && {value} === 'an answer' && {name} === 'Ana'"
        ))
        .await;
        page.eval("window.confirm = () => true; document.querySelector('.toolbar .warn').click()")
            .await;
        page.until(&format!("{value} === ''")).await;
        assert_eq!(page.eval(name).await, "");

        page.call("Emulation.setEmulatedMedia", json!({ "media": "print" }))
            .await;
        let printed = "['header', '.toolbar', '.sheet .tools', '.sheet textarea']
            .map((one) => getComputedStyle(document.querySelector(one)).display)";
        assert_eq!(
            page.eval(printed).await,
            json!(["none", "none", "none", "block"])
        );
        // On paper nothing can be scrolled.
        let fits = "[...document.querySelectorAll('.guide pre')].every((one) => one.scrollWidth <= one.clientWidth)";
        assert_eq!(page.eval(fits).await, true);
        assert_eq!(complaints(&page).await, "");

        let page = browser
            .open_with(&lab.url("/guide/hello/teacher"), screen)
            .await;
        shows_answers_and_minutes(&page, &guide).await;
    }
}

#[tokio::test]
async fn the_pictures_of_a_guide_are_seen_at_a_desk_and_on_a_phone() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let lab = Lab::ready(&[]).await;
    for screen in [Screen::DESK, Screen::PHONE] {
        let page = browser.open_with(&lab.url("/guide/hello"), screen).await;
        let pictures = "[...document.querySelectorAll('.guide img')]";
        page.until(&format!(
            "{pictures}.length === 4 && {pictures}.every((one) => one.complete && one.naturalWidth > 0)"
        ))
        .await;
        let told = format!("{pictures}.every((one) => one.alt.length > 20)");
        assert_eq!(page.eval(&told).await, true);
        let fits =
            format!("{pictures}.every((one) => one.getBoundingClientRect().right <= innerWidth)");
        assert_eq!(page.eval(&fits).await, true);
        assert_eq!(complaints(&page).await, "");
    }
}

#[tokio::test]
async fn a_sheet_says_what_to_do_and_where_but_not_what_comes_of_it() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let lab = Lab::ready(&[]).await;
    for (guide, said, untold) in [
        (
            "desafio1",
            ["With the lab running, freeze the server.", "in a cluster"],
            "lets no connection through",
        ),
        (
            "sockets",
            ["With the lab running, try cargo run --", "or: step by step"],
            "fools Fermat",
        ),
        (
            "hello",
            ["Connect to port 8180 with PuTTY", "or: step by step"],
            "only what you type is sent",
        ),
        (
            "grpc",
            [", create a user and list every second.", "in a cluster"],
            "DEADLINE_EXCEEDED",
        ),
        (
            "chat",
            ["and write three messages at A.", "or: step by step"],
            "gets 401",
        ),
    ] {
        let source = source_of(&lab, &format!("/guides/en/{guide}")).await;
        let page = browser
            .open(&lab.url(&format!("/guide/{guide}/sheet")))
            .await;
        page.until("document.querySelector('.sheet .mark') !== null")
            .await;
        let text = page
            .eval("document.querySelector('.guide').innerText")
            .await;
        let text = text.as_str().unwrap();
        for said in said {
            assert!(text.contains(said), "{guide}: {said}");
        }
        let titles_alone = page
            .eval("[...document.querySelectorAll('.sheet tbody th')].filter((task) => task.children.length < 2).map((task) => task.innerText).join()")
            .await;
        assert_eq!(titles_alone, "", "{guide}");
        assert!(
            source.contains(untold) && !text.contains(untold),
            "{guide}: {untold}"
        );
        assert_eq!(complaints(&page).await, "");
    }
}

#[tokio::test]
async fn the_guides_are_found_from_every_page_and_their_list_leads_to_each_sheet() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let lab = Lab::ready(&[]).await;
    let page = browser.open(&lab.url("/")).await;
    page.until("document.querySelector('.first a[href=\"/guide\"]') !== null")
        .await;
    let in_frame = "document.querySelector('#nav a[href=\"/guide\"]')";
    let named = format!("{in_frame}.textContent");
    assert_eq!(page.eval(&named).await, "Guides");
    page.eval(&format!("{in_frame}.click()")).await;
    page.until("document.querySelectorAll('.guides > li').length === 5")
        .await;
    let mut wanted = Vec::new();
    for guide in ["desafio1", "hello", "sockets", "grpc", "chat"] {
        for view in ["", "/sheet", "/teacher"] {
            wanted.push(format!("/guide/{guide}{view}"));
        }
    }
    let links = "[...document.querySelectorAll('.guides a')].map((one) => one.pathname)";
    assert_eq!(page.eval(links).await, json!(wanted));
    page.shows("sockets, TCP, byte order, primality").await;
    page.shows("85 minutes").await;
    assert_eq!(complaints(&page).await, "");
    for path in ["/guide", "/guide/hello", "/guide/hello/sheet"] {
        let page = browser.open(&lab.url(path)).await;
        page.until("document.querySelector('#nav [aria-current=page]') !== null")
            .await;
        let current =
            "[...document.querySelectorAll('#nav [aria-current]')].map((one) => one.dataset.view)";
        assert_eq!(page.eval(current).await, json!(["guide"]), "{path}");
    }
}

#[tokio::test]
async fn a_guide_turns_to_the_other_language_where_it_names_it() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let lab = Lab::ready(&[]).await;
    let page = browser.open(&lab.url("/guide/chat")).await;
    let other = "document.querySelector('.guide a[data-speaks]')";
    for (from, to, said) in [("en", "pt-BR", "Guias"), ("pt-BR", "en", "Guides")] {
        page.until(&format!("{other}?.hreflang === '{to}'")).await;
        assert_eq!(page.eval("document.documentElement.lang").await, from);
        page.eval(&format!("{other}.focus()")).await;
        page.press(ENTER, 0).await;
        page.until(&format!(
            "document.documentElement.lang === '{to}' && {other}?.hreflang === '{from}'"
        ))
        .await;
        assert_eq!(page.eval("location.pathname").await, "/guide/chat");
        let named = "document.querySelector('#nav [data-view=guide]').textContent";
        assert_eq!(page.eval(named).await, said);
        let focused = "document.activeElement.id";
        assert_eq!(page.eval(focused).await, "view");
    }
    assert_eq!(complaints(&page).await, "");
}

#[tokio::test]
async fn a_guide_that_is_not_there_or_does_not_come_says_so_and_leads_to_the_others() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let lab = Lab::ready(&[]).await;
    let gone = "const asked = window.fetch;
        window.fetch = (path, ...rest) => String(path).startsWith('/guides/') ? Promise.reject(new TypeError('gone')) : asked(path, ...rest);";
    for (path, script, said) in [
        ("/guide/nope", "", "There is no guide nope"),
        ("/guide/hello", gone, "/guides/en/hello: gone"),
        ("/guide", gone, "/guides/en/README: gone"),
    ] {
        let page = browser.open_after(script, &lab.url(path)).await;
        page.shows(said).await;
        page.until("document.querySelector('#view a[href=\"/guide\"]') !== null")
            .await;
        assert_eq!(complaints(&page).await, "", "{path}");
    }
}

#[tokio::test]
async fn what_comes_of_a_command_in_a_sentence_names_it_until_it_is_no_longer_true() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let lab = Lab::ready(&[]).await;
    let page = browser.open_after(CLIPBOARD, &lab.url("/guide/grpc")).await;
    // Headers are shown to those who ask for them.
    let whole = "time curl -i localhost:8100/usuarios";
    run(&page, whole, "content-type: application/json").await;
    let bare = "curl -s localhost:8100/usuarios";
    run(&page, bare, "\"items\"").await;
    let shown = format!(
        "{}.closest('.shell-command').textContent",
        button("run", bare)
    );
    let shown = page.eval(&shown).await;
    assert!(!shown.as_str().unwrap().contains("content-type:"));
    let freeze = "cargo run -- freeze grpc-servidor";
    let frozen = format!("{freeze}: grpc-servidor is frozen");
    run(&page, freeze, &frozen).await;
    copy(&page, freeze).await;
    run(&page, "cargo run -- resume grpc-servidor", "goes on").await;
    let stays = format!(
        "[...document.querySelectorAll('.outcome')].some((one) => one.textContent.includes({}))",
        Value::from(frozen)
    );
    assert_eq!(page.eval(&stays).await, false);
    assert_eq!(complaints(&page).await, "");
}

#[tokio::test]
async fn what_a_guide_cannot_show_is_named_by_its_path_or_folded_away() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let lab = Lab::ready(&[]).await;
    let page = browser.open(&lab.url("/guide/grpc")).await;
    page.until("document.querySelector('.guide h2') !== null")
        .await;
    let codes = "[...document.querySelectorAll('.guide code')].map((one) => one.textContent)";
    for path in ["services/grpc/REDIS.md", "proto/usuarios/v1/usuarios.proto"] {
        let is_named = format!("{codes}.includes('{path}')");
        assert_eq!(page.eval(&is_named).await, true, "{path}");
    }
    page.shows("diagram (Mermaid source)").await;
    let is_open = "document.querySelector('[data-language=mermaid]').closest('details').open";
    assert_eq!(page.eval(is_open).await, false);
    assert_eq!(complaints(&page).await, "");
}
