//! `properties::chat_text` says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|sent: &[u8]| properties::chat_text::check(sent));
