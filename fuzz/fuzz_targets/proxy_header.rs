//! `properties::proxy_header` says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|sent: &[u8]| properties::proxy_header::check(sent));
