//! Any number against `num-bigint` and `crypto-primes`, which share no code with ours.

use crypto_bigint::U512;
use crypto_primes::{Flavor, is_prime};
use num_bigint::BigUint;
use proptest::prelude::*;

use super::*;
use crate::domain::square::is_square;
use crate::domain::uint::Uint;

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let uniform = prop::collection::vec(any::<u8>(), 1..=64);
    // Long runs of ones and zeros, where carries travel furthest.
    let runs = prop::collection::vec((any::<bool>(), 1..24_usize), 1..6).prop_map(|runs| {
        let mut bytes: Vec<u8> = runs
            .into_iter()
            .flat_map(|(ones, length)| vec![if ones { 0xff } else { 0 }; length])
            .collect();
        bytes.truncate(64);
        bytes
    });
    prop_oneof![uniform, runs]
}

fn theirs(bytes: &[u8]) -> BigUint {
    BigUint::from_bytes_be(bytes)
}

fn is_prime_to_them(number: &BigUint) -> bool {
    let bytes = number.to_bytes_be();
    let mut wide = [0; 64];
    wide[64 - bytes.len()..].copy_from_slice(&bytes);
    is_prime(Flavor::Any, &U512::from_be_slice(&wide))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn digits_and_parity_are_as_num_bigint_says(bytes in bytes()) {
        let (ours, theirs) = (Number::from_be_bytes(&bytes).unwrap(), theirs(&bytes));
        let text = theirs.to_string();
        prop_assert_eq!(ours.is_even(), !theirs.bit(0));
        prop_assert_eq!(ours.to_decimal(), text.clone());
        prop_assert_eq!(Number::from_decimal(&text), Some(ours));
        prop_assert_eq!(theirs, BigUint::from_bytes_be(&ours.to_be_bytes()));
    }

    #[test]
    fn squares_are_found_and_their_neighbours_are_none(root in prop::collection::vec(any::<u8>(), 1..=32)) {
        let root = theirs(&root);
        let uint = |value: &BigUint| Uint::from_be_bytes(&value.to_bytes_be()).unwrap();
        let square = &root * &root;
        prop_assert!(is_square(&uint(&square)));
        if root > BigUint::from(1_u8) {
            prop_assert!(!is_square(&uint(&(&square + 1_u8))));
            prop_assert!(!is_square(&uint(&(square - 1_u8))));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn primality_of_any_odd_number_is_as_crypto_primes_says(mut bytes in bytes()) {
        if let Some(last) = bytes.last_mut() {
            *last |= 1;
        }
        let theirs = theirs(&bytes);
        prop_assert_eq!(number(&theirs.to_string()).is_prime(), is_prime_to_them(&theirs));
    }

    #[test]
    fn the_next_prime_and_products_with_it_are_told_apart(bytes in prop::collection::vec(any::<u8>(), 1..=16)) {
        let mut prime = theirs(&bytes) | BigUint::from(1_u8);
        while !is_prime_to_them(&prime) {
            prime += 2_u8;
        }
        prop_assert!(number(&prime.to_string()).is_prime());
        prop_assert!(!number(&(&prime * &prime).to_string()).is_prime());
        prop_assert!(!number(&(&prime * 257_u32).to_string()).is_prime());
    }
}
