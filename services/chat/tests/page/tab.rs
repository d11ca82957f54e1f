//! One page in the browser: what a person does on it and sees.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::browser::DevTools;

/// The size of a screen, in CSS pixels.
#[derive(Clone, Copy)]
pub(crate) struct Screen {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) dark: bool,
    pub(crate) language: &'static str,
}

impl Screen {
    pub(crate) const DESK: Self = Self {
        width: 1280,
        height: 800,
        dark: false,
        language: "en-GB",
    };
    pub(crate) const PHONE: Self = Self {
        width: 320,
        height: 640,
        dark: true,
        language: "pt-BR",
    };
}

/// A key, as the protocol has it: name, code of Windows, text.
pub(crate) type Key = (&'static str, u32, &'static str);
pub(crate) const ENTER: Key = ("Enter", 13, "\r");
pub(crate) const TAB: Key = ("Tab", 9, "");
pub(crate) const ESCAPE: Key = ("Escape", 27, "");
pub(crate) const SHIFT: u32 = 8;

/// How long a page is asked in one go whether something holds; and how often altogether.
const ASK: Duration = Duration::from_secs(2);
const ASKS: u32 = 20;

pub(crate) struct Tab {
    devtools: Arc<Mutex<DevTools>>,
    session: String,
    /// Whose storage it shares.
    pub(crate) context: Value,
}

impl Tab {
    /// An empty page.
    pub(crate) async fn new(
        devtools: Arc<Mutex<DevTools>>,
        session: String,
        context: Value,
        screen: Screen,
    ) -> Self {
        let tab = Self {
            devtools,
            session,
            context,
        };
        for domain in [
            "Page.enable",
            "Runtime.enable",
            "Log.enable",
            "Audits.enable",
        ] {
            tab.call(domain, json!({})).await;
        }
        let Screen {
            width,
            height,
            dark,
            language,
        } = screen;
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 });
        tab.call("Emulation.setDeviceMetricsOverride", metrics)
            .await;
        let scheme =
            json!({ "name": "prefers-color-scheme", "value": if dark { "dark" } else { "light" } });
        let calm = json!({ "name": "prefers-reduced-motion", "value": "reduce" });
        tab.call(
            "Emulation.setEmulatedMedia",
            json!({ "features": [scheme, calm] }),
        )
        .await;
        let agent = json!({ "userAgent": "Malha's tests", "acceptLanguage": language });
        tab.call("Emulation.setUserAgentOverride", agent).await;
        tab
    }

    /// The page, on its way to an address.
    pub(crate) async fn opened(self, url: &str) -> Self {
        self.call("Page.navigate", json!({ "url": url })).await;
        self
    }

    /// Runs a script on every page that is opened here, before its own.
    pub(crate) async fn begin_with(&self, script: &str) {
        let script = json!({ "source": script });
        self.call("Page.addScriptToEvaluateOnNewDocument", script)
            .await;
    }

    pub(crate) async fn call(&self, method: &str, parameters: Value) -> Value {
        let mut devtools = self.devtools.lock().await;
        devtools.call(Some(&self.session), method, parameters).await
    }

    /// What the browser said of this page unasked, by one method.
    pub(crate) async fn events(&self, method: &str) -> Vec<Value> {
        // One call more, so that what was on its way has come.
        self.eval("0").await;
        let devtools = self.devtools.lock().await;
        let own = |event: &&Value| event["sessionId"] == *self.session && event["method"] == method;
        devtools.events.iter().filter(own).cloned().collect()
    }

    /// The value of an expression on the page; of what it promises, if it is a promise.
    pub(crate) async fn eval(&self, expression: &str) -> Value {
        let answer = self.evaluated(expression).await;
        value(expression, answer).unwrap_or_else(|error| panic!("{error}"))
    }

    async fn evaluated(&self, expression: &str) -> Value {
        let asked =
            json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let mut devtools = self.devtools.lock().await;
        devtools
            .try_call(Some(&self.session), "Runtime.evaluate", asked)
            .await
    }

    /// Waits until an expression is truthy on the page, which looks by itself.
    pub(crate) async fn until(&self, condition: &str) {
        let look = format!(
            "new Promise((known) => {{
                const end = Date.now() + {};
                const look = () => ({condition}) ? known(true) : Date.now() > end ? known(false) : setTimeout(look, 10);
                look();
            }})",
            ASK.as_millis()
        );
        let mut last = Err(String::new());
        for _ in 0..ASKS {
            // An error may mean that the page is about to be another one.
            last = value(condition, self.evaluated(&look).await);
            if last == Ok(Value::Bool(true)) {
                return;
            }
        }
        let shown = self.eval("document.body.innerText").await;
        panic!("never came to pass: {condition} ({last:?}); the page shows:\n{shown}");
    }

    /// Waits until the page is connected.
    pub(crate) async fn connected(&self) {
        self.until("document.getElementById('connection')?.dataset.state === 'open'")
            .await;
    }

    /// Waits until a text can be read on the page.
    pub(crate) async fn shows(&self, text: &str) {
        let text = Value::from(text);
        self.until(&format!("document.body.innerText.includes({text})"))
            .await;
    }

    /// Presses a key, with modifiers.
    pub(crate) async fn press(&self, (key, code, text): Key, modifiers: u32) {
        let mut event = json!({ "type": "keyDown", "key": key, "code": key,
            "windowsVirtualKeyCode": code, "modifiers": modifiers });
        if !text.is_empty() {
            event["text"] = text.into();
        }
        self.call("Input.dispatchKeyEvent", event.clone()).await;
        event["type"] = "keyUp".into();
        self.call("Input.dispatchKeyEvent", event).await;
    }

    /// Types where the focus is.
    pub(crate) async fn types(&self, text: &str) {
        self.call("Input.insertText", json!({ "text": text })).await;
    }

    /// Writes a message and sends it.
    pub(crate) async fn say(&self, text: &str) {
        self.eval("document.getElementById('text').focus()").await;
        self.types(text).await;
        self.press(ENTER, 0).await;
    }

    /// Every message as it reads, in order: `You: text` and `Client #1: text`.
    pub(crate) async fn said(&self) -> Vec<String> {
        let texts = self
            .eval("[...document.querySelectorAll('.said')].map((said) => said.textContent)")
            .await;
        serde_json::from_value(texts).unwrap()
    }

    /// How many elements a selector finds.
    pub(crate) async fn count(&self, selector: &str) -> u64 {
        let selector = Value::from(selector);
        let count = self
            .eval(&format!("document.querySelectorAll({selector}).length"))
            .await;
        count.as_u64().unwrap()
    }

    /// Which client this page is.
    pub(crate) async fn client(&self) -> i64 {
        let client = self
            .eval("JSON.parse(sessionStorage.getItem('malha-chat-identity')).client")
            .await;
        client.as_i64().unwrap()
    }
}

/// What an expression gave, of the browser's answer.
fn value(expression: &str, mut answer: Value) -> Result<Value, String> {
    let exception = &answer["result"]["exceptionDetails"];
    if answer["error"].is_null() && exception.is_null() {
        return Ok(answer["result"]["result"]["value"].take());
    }
    Err(format!("{expression}: {} {exception}", answer["error"]))
}
