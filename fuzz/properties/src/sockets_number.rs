//! The bytes of a number: every fact told of it is what independent libraries say.

use crate::answer::is_fit_to_send;
use crypto_bigint::U512;
use crypto_primes::{Flavor, is_prime};
use num_bigint::BigUint;
use runtime_tcp::{Answer, Procedure};
use sockets::domain::{MAX_BYTES, NotANumber, Number};
use sockets::server::Classify;
use sockets::wire::{self, Mode};

/// Panics where it does not hold of these bytes.
pub fn check(sent: &[u8]) {
    let [compatible, full] = [Mode::Compatible, Mode::Full].map(|mode| Classify(mode).answer(sent));
    for answer in [&compatible, &full] {
        is_fit_to_send(answer, wire::MAX_ANSWER);
        assert_eq!(
            wire::is_refusal(answer.text.as_bytes()),
            answer.outcome != "ok"
        );
    }
    let outcome = match sent.len() {
        0 => "empty",
        _ if wire::number(sent) == Err(NotANumber::Telnet) => return begins_with_telnet(sent),
        1..=MAX_BYTES => "ok",
        _ => "too_long",
    };
    assert_eq!((compatible.outcome, full.outcome), (outcome, outcome));
    if outcome == "ok" {
        facts_are_right(sent, &compatible, &full);
        clients_bytes_are_the_number(sent);
    }
}

/// Telnet is named only where its first bytes stand.
fn begins_with_telnet(sent: &[u8]) {
    assert!(matches!(sent, [0xff, 0xfa..=0xfe, _, _, ..]), "{sent:?}");
}

fn facts_are_right(sent: &[u8], compatible: &Answer, full: &Answer) {
    let number = BigUint::from_bytes_be(sent);
    let digits = number.to_string();
    let parity = if number.bit(0) { "ÍMPAR" } else { "PAR" };
    let short = if digits.len() < 10 { parity } else { &digits };
    assert_eq!(compatible.text, short);

    let mut wide = [0; MAX_BYTES];
    wide[MAX_BYTES - sent.len()..].copy_from_slice(sent);
    let prime = is_prime(Flavor::Any, &U512::from_be_slice(&wide));
    let primality = if prime { "PRIMO" } else { "NÃO PRIMO" };
    let count = digits.len();
    let plural = if count == 1 { "" } else { "s" };
    assert_eq!(
        full.text,
        format!("{digits}: {parity}, {primality}, {count} dígito{plural}")
    );
}

/// What our client sends of this number, and reads from a command line, is this number.
fn clients_bytes_are_the_number(sent: &[u8]) {
    let number = Number::from_be_bytes(sent).expect("it fits");
    assert_eq!(Number::from_decimal(&number.to_decimal()), Some(number));
    let request = wire::request(number);
    assert!((2..=MAX_BYTES).contains(&request.len()));
    assert!(
        request.len() == 2 || request[0] != 0,
        "more bytes than it needs"
    );
    assert_eq!(Number::from_be_bytes(&request), Ok(number));
}
