//! `properties::conversation` says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|sent: &[u8]| properties::conversation::check(sent));
