//! `properties::sockets_number` says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|sent: &[u8]| properties::sockets_number::check(sent));
