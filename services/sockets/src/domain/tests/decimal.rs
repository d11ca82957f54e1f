//! Bytes to digits, at the borders.

use super::*;
use crate::domain::{MAX_BYTES, NotANumber};

#[test]
fn the_widest_number_has_155_digits() {
    let widest = Number::from_be_bytes(&[0xff; MAX_BYTES]).unwrap();
    assert_eq!(
        widest.to_decimal(),
        "134078079299425970995740249982058461274793658205923933777235614437217640300735469768018742981\
         66903427690031858186486050853753882811946569946433649006084095"
    );
    assert_eq!(
        widest.facts(),
        Facts {
            even: false,
            prime: false,
            digits: 155
        }
    );
}

#[test]
fn zero_has_one_digit_however_many_bytes_write_it() {
    for width in 1..=MAX_BYTES {
        let zero = Number::from_be_bytes(&vec![0; width]).unwrap();
        assert_eq!(zero.to_decimal(), "0");
        assert_eq!(
            zero.facts(),
            Facts {
                even: true,
                prime: false,
                digits: 1
            }
        );
    }
}

#[test]
fn leading_zeros_change_nothing() {
    let mut bytes = [0; MAX_BYTES];
    bytes[MAX_BYTES - 1] = 17;
    let padded = Number::from_be_bytes(&bytes).unwrap();
    assert_eq!(padded, Number::from_be_bytes(&[17]).unwrap());
    assert_eq!(
        padded.facts(),
        Facts {
            even: false,
            prime: true,
            digits: 2
        }
    );
}

#[test]
fn no_byte_and_a_65th_byte_are_no_number() {
    assert_eq!(Number::from_be_bytes(&[]), Err(NotANumber::Empty));
    assert_eq!(
        Number::from_be_bytes(&[0; MAX_BYTES + 1]),
        Err(NotANumber::TooLong)
    );
}

#[test]
fn digits_change_at_powers_of_ten_and_inner_zeros_stay() {
    for power in 1..=154 {
        let round = format!("1{}", "0".repeat(power));
        assert_eq!(number(&round).to_decimal(), round);
        assert_eq!(number(&"9".repeat(power)).facts().digits, power);
        assert_eq!(number(&round).facts().digits, power + 1);
    }
}

#[test]
fn only_digits_of_a_number_below_two_to_the_512_are_read() {
    for wrong in [
        "",
        "-1",
        "+1",
        "1.0",
        "0x10",
        " 1",
        "1 ",
        "١",
        &"9".repeat(155),
    ] {
        assert_eq!(Number::from_decimal(wrong), None, "{wrong:?}");
    }
    let first_too_large = "134078079299425970995740249982058461274793658205923933777235614437217640300\
         73546976801874298166903427690031858186486050853753882811946569946433649006084096";
    assert_eq!(Number::from_decimal(first_too_large), None);
    assert_eq!(number("00017").to_decimal(), "17");
}

#[test]
fn what_is_no_number_is_counted_by_a_name_of_its_own() {
    for (refusal, code) in [
        (NotANumber::Empty, "empty"),
        (NotANumber::Telnet, "telnet"),
        (NotANumber::TooLong, "too_long"),
    ] {
        assert_eq!(refusal.code(), code);
    }
}
