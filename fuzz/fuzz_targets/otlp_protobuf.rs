//! `properties::otlp_protobuf` says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|sent: &[u8]| properties::otlp_protobuf::check(sent));
