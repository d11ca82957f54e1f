//! Text stays text, and strangers stay outside.

use serde_json::{Value, json};

use crate::browser_or_skip;
use crate::services::both;

/// Texts that run in a page which reads them as markup or as addresses; each sets `hacked` or
/// opens a dialog.
const PAYLOADS: [&str; 20] = [
    "<script>hacked = 1</script>",
    "<script src=data:text/javascript,hacked=1></script>",
    "<img src=x onerror=hacked=1>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=hacked=1>",
    "<svg><script>hacked=1</script></svg>",
    "<svg><animate onbegin=hacked=1 attributeName=x dur=1s>",
    "<iframe srcdoc='<script>parent.hacked=1</script>'></iframe>",
    "<iframe src=javascript:parent.hacked=1></iframe>",
    "<body onload=hacked=1>",
    "<details open ontoggle=hacked=1><summary>x</summary></details>",
    "<input autofocus onfocus=hacked=1>",
    "<video><source onerror=hacked=1></video>",
    "<audio src=x onerror=hacked=1>",
    "<object data=javascript:hacked=1></object>",
    "<a href=javascript:hacked=1>https://example.com</a>",
    "<style>@import 'data:text/css,*{color:red}'; * { display: none }</style>",
    "<meta http-equiv=refresh content='0;url=javascript:hacked=1'>",
    "\"><img src=x onerror=hacked=1>{{constructor.constructor('hacked=1')()}}${hacked=1}",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=x onerror=hacked=1&gt;'>",
];

#[tokio::test]
async fn none_of_twenty_injections_runs_or_is_read_as_markup() {
    let browser = browser_or_skip!();
    let (a, b) = both().await;
    let ana = browser.open(&a.url()).await;
    let bia = browser.open(&b.url()).await;
    ana.connected().await;
    bia.connected().await;
    for payload in PAYLOADS {
        ana.say(payload).await;
    }
    for page in [&ana, &bia] {
        page.until("document.querySelectorAll('.said').length === 20")
            .await;
    }
    // Once more from what was kept.
    ana.eval("window.old = true; setTimeout(() => location.reload())")
        .await;
    ana.until("window.old === undefined && document.querySelectorAll('.said').length === 20")
        .await;
    for page in [&ana, &bia] {
        let texts = "[...document.querySelectorAll('.said .text')].map((text) => text.textContent)";
        assert_eq!(page.eval(texts).await, json!(PAYLOADS));
        assert_eq!(page.count(".said .text *").await, 0);
        assert_eq!(page.eval("typeof hacked").await, "undefined");
        assert_eq!(
            page.events("Page.javascriptDialogOpening").await,
            Vec::<Value>::new()
        );
        assert_eq!(
            violations(&page.events("Log.entryAdded").await),
            Vec::<String>::new()
        );
    }

    // The policy stands behind that: what is inline would not run even if it got in.
    bia.eval("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=hacked=1>')")
        .await;
    bia.eval(
        "(() => { const script = document.createElement('script');
        script.textContent = 'hacked = 1'; document.body.append(script); })()",
    )
    .await;
    assert_eq!(bia.eval("typeof hacked").await, "undefined");
    assert!(!violations(&bia.events("Log.entryAdded").await).is_empty());
}

/// What the browser said against the content security policy.
fn violations(entries: &[Value]) -> Vec<String> {
    let texts = entries
        .iter()
        .map(|entry| entry["params"]["entry"]["text"].to_string());
    texts
        .filter(|text| text.contains("Content Security Policy"))
        .collect()
}

#[tokio::test]
async fn the_injections_do_run_in_a_page_that_reads_them_as_markup() {
    let browser = browser_or_skip!();
    let careless = browser.open("about:blank").await;
    let mut ran = 0;
    for payload in PAYLOADS.iter().filter(|payload| !payload.contains("alert")) {
        let payload = Value::from(*payload);
        // A frame of its own for each, gone before the next.
        let tried = careless
            .eval(&format!(
                "new Promise((known) => {{
                    delete window.hacked;
                    const end = Date.now() + 500;
                    const place = document.createElement('div');
                    document.body.replaceChildren(place);
                    place.innerHTML = {payload};
                    const look = () => window.hacked ? known(true) : Date.now() > end ? known(false) : setTimeout(look, 10);
                    look();
                }})"
            ))
            .await;
        ran += u32::from(tried == true);
    }
    // The others need a click, another reader than `innerHTML`, or an older browser.
    assert!(ran >= 8, "{ran} ran");
}

/// Whether a page may open a WebSocket to an address.
fn may_connect(address: std::net::SocketAddr) -> String {
    format!(
        "new Promise((known) => {{
            const socket = new WebSocket('ws://{address}/ws/1', 'malha.chat.v1');
            socket.onopen = () => {{ socket.close(); known(true); }};
            socket.onerror = () => known(false);
        }})"
    )
}

#[tokio::test]
async fn a_page_of_another_origin_cannot_connect() {
    let browser = browser_or_skip!();
    let (a, b) = both().await;
    // Without its own policy, which would forbid it already, so that the service alone decides.
    let foreign = browser.open("about:blank").await;
    foreign
        .call("Page.setBypassCSP", json!({ "enabled": true }))
        .await;
    foreign
        .call("Page.navigate", json!({ "url": b.url() }))
        .await;
    foreign.connected().await;
    assert_eq!(foreign.eval(&may_connect(b.address())).await, true);
    assert_eq!(foreign.eval(&may_connect(a.address())).await, false);
    // The same machine by another name is another origin.
    let by_name = format!("http://localhost:{}/", a.address().port());
    foreign
        .call("Page.navigate", json!({ "url": by_name }))
        .await;
    foreign.connected().await;
    assert_eq!(foreign.eval(&may_connect(a.address())).await, false);
    // A page without an origin: a sandboxed frame, a file.
    let opaque = browser.open("about:blank").await;
    assert_eq!(opaque.eval("origin").await, "null");
    assert_eq!(opaque.eval(&may_connect(a.address())).await, false);
    // And the page's own policy forbids what the service would.
    let own = browser.open(&a.url()).await;
    own.connected().await;
    assert_eq!(own.eval(&may_connect(b.address())).await, false);
    assert_eq!(violations(&own.events("Log.entryAdded").await).len(), 1);
}
