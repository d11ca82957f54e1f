//! `properties::call_headers` says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|sent: &[u8]| properties::call_headers::check(sent));
