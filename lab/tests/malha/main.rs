//! The lab as its users run it: the binary `malha`, its processes, its page.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

#[path = "../../../services/chat/tests/page/axe.rs"]
mod axe;
#[path = "../../../services/chat/tests/page/browser.rs"]
#[expect(dead_code, reason = "the chat's tests need more of it")]
mod browser;
mod browsing;
mod command_line;
mod deaths;
mod guides;
mod harness;
mod lessons;
mod links;
mod metrics;
mod page;
mod strangers;
#[path = "../../../services/chat/tests/page/tab.rs"]
#[expect(dead_code, reason = "the chat's tests need more of it")]
mod tab;
mod terminal;
mod waterfall;
