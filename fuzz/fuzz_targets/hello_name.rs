//! `properties::hello_name` says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|sent: &[u8]| properties::hello_name::check(sent));
