//! `properties::jaeger_query` says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|sent: &[u8]| properties::jaeger_query::check(sent));
