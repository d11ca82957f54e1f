//! The header `grpc-timeout`: how long a caller waits.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

/// The header's name.
pub const HEADER: HeaderName = HeaderName::from_static("grpc-timeout");

/// What the header says, if it is there.
///
/// # Errors
/// What is wrong with it: at most eight digits and a unit are right ("gRPC over HTTP2", Requests).
pub fn read(headers: &HeaderMap) -> Result<Option<Duration>, &'static str> {
    let Some(value) = headers.get(HEADER) else {
        return Ok(None);
    };
    value
        .to_str()
        .ok()
        .and_then(parse)
        .map(Some)
        .ok_or("grpc-timeout: expected 1 to 8 digits and a unit: H, M, S, m, u or n")
}

fn parse(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if !(1..=8).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(amount * 3600),
        "M" => Duration::from_secs(amount * 60),
        "S" => Duration::from_secs(amount),
        "m" => Duration::from_millis(amount),
        "u" => Duration::from_micros(amount),
        "n" => Duration::from_nanos(amount),
        _ => return None,
    })
}

/// The header's value for a time, in the finest unit that holds it, never longer than the time.
pub fn value(timeout: Duration) -> HeaderValue {
    const MOST: u64 = 99_999_999;
    // Beyond that it is said in seconds.
    let nanos = u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX);
    let units = [
        (nanos, b'n'),
        (nanos / 1000, b'u'),
        (nanos / 1_000_000, b'm'),
    ];
    let fine = units.into_iter().find(|(amount, _)| *amount <= MOST);
    let (mut amount, unit) = fine.unwrap_or((timeout.as_secs().min(MOST), b'S'));
    // Digit by digit from behind, as `fmt` takes several times as long.
    let mut text = [unit; 9];
    let mut first = 8;
    while amount > 0 || first == 8 {
        first -= 1;
        let [digit, ..] = (amount % 10).to_le_bytes();
        text[first] = b'0' + digit;
        amount /= 10;
    }
    // Digits and a letter are always a header's value.
    HeaderValue::from_bytes(&text[first..]).unwrap_or_else(|_| HeaderValue::from_static("0n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(text: &str) -> HeaderMap {
        let value = HeaderValue::from_str(text).unwrap();
        HeaderMap::from_iter([(HEADER, value)])
    }

    #[test]
    fn every_unit_is_read() {
        for (text, nanos) in [
            ("1H", 3_600_000_000_000_u128),
            ("2M", 120_000_000_000),
            ("3S", 3_000_000_000),
            ("40m", 40_000_000),
            ("5u", 5_000),
            ("99999999n", 99_999_999),
        ] {
            let read = read(&header(text)).unwrap().unwrap();
            assert_eq!(read.as_nanos(), nanos, "{text}");
        }
        assert_eq!(read(&HeaderMap::new()), Ok(None));
    }

    #[test]
    fn what_is_no_timeout_is_refused() {
        for text in ["", "S", "1", "1s", "-1S", "1.5S", "123456789S", "1 S", "१S"] {
            let value = HeaderValue::from_bytes(text.as_bytes()).unwrap();
            let headers = HeaderMap::from_iter([(HEADER, value)]);
            assert!(read(&headers).is_err(), "{text}");
        }
    }

    #[test]
    fn a_time_is_written_in_the_finest_unit_that_holds_it() {
        for (time, text) in [
            (Duration::ZERO, "0n"),
            (Duration::from_nanos(7), "7n"),
            (Duration::from_nanos(99_999_999), "99999999n"),
            (Duration::from_millis(100), "100000u"),
            (Duration::from_millis(4999), "4999000u"),
            (Duration::from_secs(100), "100000m"),
            (Duration::from_secs(100_000), "100000S"),
            (Duration::MAX, "99999999S"),
        ] {
            assert_eq!(value(time), text);
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read_again_and_not_longer(seconds in 0_u64..100_000_000, nanos in 0_u32..1_000_000_000) {
            let time = Duration::new(seconds, nanos);
            let text = value(time);
            let read = read(&header(text.to_str().unwrap())).unwrap().unwrap();
            let lost = time.checked_sub(read).unwrap();
            proptest::prop_assert!(lost <= time / 1000);
        }
    }
}
