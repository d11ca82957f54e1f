//! `properties::chat_relay` says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|sent: &[u8]| properties::chat_relay::check(sent));
