//! `properties::lab_faults` says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|sent: &[u8]| properties::lab_faults::check(sent));
