//! Chromium without a window, driven over its `DevTools` protocol.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tempfile::TempDir;
use testing::{eventually, not_installed, this_test};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::tab::{Screen, Tab};

const PROGRAMS: [&str; 4] = [
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome-stable",
    "/usr/bin/google-chrome",
];
/// Far beyond what any machine needs.
const PATIENCE: Duration = Duration::from_mins(1);

/// A browser takes most of a small machine: one at a time.
static BROWSERS: Semaphore = Semaphore::const_new(1);

/// A running browser, killed when dropped.
pub(crate) struct Browser {
    devtools: Arc<Mutex<DevTools>>,
    _process: Child,
    _profile: TempDir,
    _turn: SemaphorePermit<'static>,
}

impl Browser {
    /// Starts one; `None`, and a line that says so, where there is none on this machine.
    pub(crate) async fn start() -> Option<Self> {
        let Some(program) = PROGRAMS.into_iter().find(|path| Path::new(path).exists()) else {
            not_installed(&this_test(), "chromium", "chromium");
            return None;
        };
        let turn = BROWSERS.acquire().await.unwrap();
        let profile = tempfile::tempdir().unwrap();
        let process = Command::new(program)
            .args(["--headless=new", "--disable-gpu", "--no-first-run"])
            // Containers have neither user namespaces for the sandbox nor a large /dev/shm.
            .args(["--no-sandbox", "--disable-dev-shm-usage"])
            .args(["--remote-debugging-port=0", "--lang=en-GB"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let address = address_of(profile.path()).await;
        Some(Self {
            devtools: Arc::new(Mutex::new(DevTools::connect(&address).await)),
            _process: process,
            _profile: profile,
            _turn: turn,
        })
    }

    /// A page of a person of their own: with storage that no other page sees.
    pub(crate) async fn open(&self, url: &str) -> Tab {
        self.open_with(url, Screen::DESK).await
    }

    /// The same on another screen.
    pub(crate) async fn open_with(&self, url: &str, screen: Screen) -> Tab {
        let context = self.context().await;
        self.tab(context, screen).await.opened(url).await
    }

    /// The same with a script that runs before those of the page.
    pub(crate) async fn open_after(&self, script: &str, url: &str) -> Tab {
        let tab = self.tab(self.context().await, Screen::DESK).await;
        tab.begin_with(script).await;
        tab.opened(url).await
    }

    /// A copy of a page beside it, as a browser makes it of a duplicated tab: with what was stored.
    pub(crate) async fn duplicate(&self, tab: &Tab, url: &str) -> Tab {
        let stored = tab.eval("JSON.stringify({ ...sessionStorage })").await;
        let copy = self.tab(tab.context.clone(), Screen::DESK).await;
        let restore = format!(
            "if (!sessionStorage.length) Object.assign(sessionStorage, JSON.parse({stored}))"
        );
        copy.begin_with(&restore).await;
        copy.opened(url).await
    }

    async fn context(&self) -> Value {
        self.call("Target.createBrowserContext", json!({})).await["browserContextId"].clone()
    }

    async fn tab(&self, context: Value, screen: Screen) -> Tab {
        let target = json!({ "url": "about:blank", "browserContextId": context });
        let target = self.call("Target.createTarget", target).await["targetId"].clone();
        let attach = json!({ "targetId": target, "flatten": true });
        let session = self.call("Target.attachToTarget", attach).await["sessionId"].clone();
        let session = session.as_str().unwrap().to_owned();
        Tab::new(self.devtools.clone(), session, context, screen).await
    }

    async fn call(&self, method: &str, parameters: Value) -> Value {
        let mut devtools = self.devtools.lock().await;
        devtools.call(None, method, parameters).await
    }
}

/// Where it listens for its tools: a port and a path, which it writes into its profile.
async fn address_of(profile: &Path) -> String {
    let file = profile.join("DevToolsActivePort");
    eventually("the browser's address", async || {
        let text = tokio::fs::read_to_string(&file).await.ok()?;
        let (port, path) = text.split_once('\n')?;
        (!path.is_empty()).then(|| format!("ws://127.0.0.1:{port}{path}"))
    })
    .await
}

/// The connection to a browser.
pub(crate) struct DevTools {
    socket: WebSocketStream<TcpStream>,
    calls: u64,
    /// What it said unasked, in order: `sessionId`, `method`, `params`.
    pub(crate) events: Vec<Value>,
}

impl DevTools {
    async fn connect(address: &str) -> Self {
        let host = address
            .strip_prefix("ws://")
            .and_then(|rest| rest.split('/').next())
            .unwrap();
        let stream = TcpStream::connect(host).await.unwrap();
        let (socket, _) = tokio_tungstenite::client_async(address, stream)
            .await
            .unwrap();
        Self {
            socket,
            calls: 0,
            events: Vec::new(),
        }
    }

    /// Calls a method, of a page where its session is given, and waits for the answer.
    pub(crate) async fn call(
        &mut self,
        session: Option<&str>,
        method: &str,
        parameters: Value,
    ) -> Value {
        let mut answer = self.try_call(session, method, parameters).await;
        let error = answer["error"].take();
        assert!(error.is_null(), "{method}: {error}");
        answer["result"].take()
    }

    /// The same, with the whole answer, `error` included.
    pub(crate) async fn try_call(
        &mut self,
        session: Option<&str>,
        method: &str,
        parameters: Value,
    ) -> Value {
        self.calls += 1;
        let id = self.calls;
        let mut call = json!({ "id": id, "method": method, "params": parameters });
        if let Some(session) = session {
            call["sessionId"] = session.into();
        }
        self.socket
            .send(Message::text(call.to_string()))
            .await
            .unwrap();
        let answered = tokio::time::timeout(PATIENCE, async {
            loop {
                let Some(Ok(message)) = self.socket.next().await else {
                    panic!("{method}: the browser is gone");
                };
                let Message::Text(text) = message else {
                    continue;
                };
                let said: Value = serde_json::from_str(&text).unwrap();
                if said["id"] == id {
                    return said;
                }
                self.events.push(said);
            }
        });
        answered
            .await
            .unwrap_or_else(|_| panic!("{method}: the browser did not answer"))
    }
}
