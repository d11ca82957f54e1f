//! `properties::tcp_pieces` says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|sent: &[u8]| properties::tcp_pieces::check(sent));
