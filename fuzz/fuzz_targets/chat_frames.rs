//! `properties::chat_frames` says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|sent: &[u8]| properties::chat_frames::check(sent));
