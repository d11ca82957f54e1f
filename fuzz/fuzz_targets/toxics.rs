//! `properties::toxics` says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|sent: &[u8]| properties::toxics::check(sent));
