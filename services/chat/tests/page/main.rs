//! The page in a real browser: two people chat, services die and come back, strangers try their luck.
#![cfg(test)]

mod access;
mod axe;
mod browser;
mod chat;
mod hostile;
mod modules;
mod outage;
mod services;
mod tab;

/// Runs the rest of a test in a browser; without one it says so and ends the test.
macro_rules! browser_or_skip {
    () => {
        match crate::browser::Browser::start().await {
            Some(browser) => browser,
            None => return,
        }
    };
}
use browser_or_skip;
