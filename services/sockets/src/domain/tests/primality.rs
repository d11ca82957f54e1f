//! Numbers that are known to be hard.

use num_bigint::BigUint;

use super::*;
use crate::domain::uint::{LIMBS, Uint};
use crate::domain::{field::Field, lucas};

#[track_caller]
fn are_composite(numbers: &[&str]) {
    for text in numbers {
        assert!(!number(text).is_prime(), "{text}");
    }
}

#[track_caller]
fn are_prime(numbers: &[&str]) {
    for text in numbers {
        assert!(number(text).is_prime(), "{text}");
    }
}

/// The primes below a limit, by the sieve.
fn sieve(limit: usize) -> Vec<bool> {
    let mut prime = vec![true; limit];
    prime[..2].fill(false);
    for step in 2..limit {
        if prime[step] {
            (step * step..limit)
                .step_by(step)
                .for_each(|multiple| prime[multiple] = false);
        }
    }
    prime
}

#[test]
fn every_number_below_200_000_is_as_the_sieve_says() {
    for (value, prime) in sieve(200_000).into_iter().enumerate() {
        assert_eq!(Number::from(value as u64).is_prime(), prime, "{value}");
    }
}

#[test]
fn carmichael_numbers_are_composite() {
    are_composite(&[
        "561",
        "1105",
        "1729",
        "2465",
        "2821",
        "6601",
        "8911",
        "10585",
        "15841",
        "29341",
        "825265",
        "321197185",
        "5394826801",
        "232250619601",
        "9746347772161",
        "1436697831295441",
        "60977817398996785",
        "7156857700403137441",
        "1791562810662585767521",
        "87674969936234821377601",
        // (6k+1)(12k+1)(18k+1), 509 bits
        "1060578556958349965884273461772142125318192031190745668352215742471900045895520362259480004\
         411840313974661032538461703032369135844953720382767896096171769",
    ]);
}

/// The least numbers that fool the strong test to the first 1, 2, 3, … primes (OEIS A014233), and
/// two of Arnault's that fool it to the first 10 and 11.
#[test]
fn strong_pseudoprimes_to_the_first_bases_are_composite() {
    are_composite(&[
        "2047",
        "1373653",
        "25326001",
        "3215031751",
        "2152302898747",
        "3474749660383",
        "341550071728321",
        "3825123056546413051",
        "318665857834031151167461",
        "3317044064679887385961981",
        "56897193526942024370326972321",
        "1195068768795265792518361315725116351898245581",
    ]);
}

#[test]
fn a_wide_strong_pseudoprime_to_base_2_is_found_out_by_the_lucas_test() {
    let k = (BigUint::from(1_u8) << 254) + 88_436_u32;
    let composite: BigUint = (&k + 1_u32) * (k * 2_u32 + 1_u32);
    assert!(!number(&composite.to_string()).is_prime());
}

/// OEIS A217255, complete below 350 000.
#[test]
fn the_lucas_test_alone_is_fooled_by_exactly_the_known_numbers() {
    let known = [
        5459, 5777, 10877, 16109, 18971, 22499, 24569, 25199, 40309, 58519, 75077, 97439, 100_127,
        113_573, 115_639, 130_139, 155_819, 158_399, 161_027, 162_133, 176_399, 176_471, 189_419,
        192_509, 197_801, 224_369, 230_691, 231_703, 243_629, 253_259, 268_349, 288_919, 313_499,
        324_899,
    ];
    let prime = sieve(350_000);
    let mut fooled = Vec::new();
    for value in (101..350_000_usize).step_by(2) {
        let passes = lucas::passes_strong_test(&Field::new(Uint::from_u64(value as u64)));
        assert!(passes || !prime[value], "the prime {value} fails");
        if passes && !prime[value] {
            fooled.push(value);
        }
    }
    assert_eq!(fooled, known);
    for value in known {
        assert!(!Number::from(value as u64).is_prime(), "{value}");
    }
}

#[test]
fn primes_at_the_borders_of_the_answers_and_of_the_tests() {
    are_prime(&[
        "2",
        "3",
        "251",
        "257",
        "65537",
        "999999937",
        "1000000007",
        "9999999967",
        "10000000019",
        "18446744073709551557",
        "18446744073709551629",
    ]);
    are_composite(&[
        "0",
        "1",
        "4",
        "66049",
        "1000000000",
        "10000000000",
        "18446744073709551615",
    ]);
}

#[test]
fn between_the_primes_that_enclose_two_to_the_64_there_is_none() {
    for step in 1..72_u32 {
        let between = BigUint::from(18_446_744_073_709_551_557_u64) + step;
        assert!(!number(&between.to_string()).is_prime(), "{between}");
    }
}

#[test]
fn wide_primes_are_prime() {
    assert!(below_power_of_two(512, 569).is_prime());
    assert!(below_power_of_two(256, 189).is_prime());
    assert!(below_power_of_two(255, 19).is_prime());
    for mersenne in [61, 89, 107, 127] {
        assert!(below_power_of_two(mersenne, 1).is_prime());
    }
    are_prime(&[
        // The primes of the curves P-384 and Ed448
        "39402006196394479212279040100143613805079739270465446667948293404245721771496870329047266088\
         258938001861606973112319",
        "72683872429560689054932380788800453435364136068731806028149019918061232816673077268639638369\
         8676545930088884461843637361053498018365439",
        // The factors of RSA-155
        "102639592829741105772054196573991675900716567808038066803341933521790711307779",
        "106603488380168454820927220360012878679207958575989291522270608237193062808643",
    ]);
}

#[test]
fn nothing_between_the_largest_prime_and_two_to_the_512_is_prime() {
    for less in 1..569 {
        assert!(!below_power_of_two(512, less).is_prime(), "2^512 - {less}");
    }
}

#[test]
fn wide_semiprimes_and_squares_of_primes_are_composite() {
    let power = BigUint::from(1_u8) << 256;
    let (p, q): (BigUint, BigUint) = (&power - 189_u32, &power - 357_u32);
    let (square, product): (BigUint, BigUint) = (&p * &p, &p * &q);
    are_composite(&[&square.to_string(), &product.to_string()]);
    // RSA-155: 512 bits
    are_composite(&[
        "10941738641570527421809707322040357612003732945449205990913842131476349984288934784717997257\
         891267332497625752899781833797076537244027146743531593354333897",
    ]);
    // Wieferich primes, whose squares fool Fermat's test to base 2
    are_composite(&["1194649", "12327121"]);
}

/// One more than 42 times 8 times all odd primes below 374: each of them is a quadratic residue,
/// and with them every D that they make up, so that the search for D goes on long.
#[test]
fn a_prime_made_to_prolong_the_search_for_d_is_found_to_be_one() {
    are_prime(&[
        "7622590441082118227577868482251905733250889362281919529121729436670132930872784142430305579\
         11781985186488352807652050021437277724525034678485863618735121",
    ]);
}

#[test]
fn zeros_at_the_end_are_counted_over_all_limbs() {
    for zeros in [0, 1, 63, 64, 130, 511] {
        let mut limbs = [0; LIMBS];
        limbs[zeros / 64] = u64::MAX << (zeros % 64);
        assert_eq!(Uint(limbs).trailing_zeros(), zeros);
    }
}
