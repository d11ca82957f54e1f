//! `properties::otlp_json` says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|sent: &[u8]| properties::otlp_json::check(sent));
