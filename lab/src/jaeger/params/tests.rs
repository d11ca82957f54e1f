use super::*;

const NOW: u64 = 1_000_000_000_000_000_000;

fn asked(query: &[(&str, &str)]) -> Result<Search, ParamError> {
    let params = query
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    search(&params.collect(), NOW)
}

fn asked_of_s(query: &[(&str, &str)]) -> Search {
    asked(&[query, &[("service", "s")]].concat()).unwrap()
}

#[test]
fn a_service_is_needed_and_enough() {
    assert_eq!(asked(&[]), Err(ParamError::Missing("service")));
    assert_eq!(
        asked(&[("service", "")]),
        Err(ParamError::Missing("service"))
    );
    let search = asked_of_s(&[]);
    assert_eq!((search.limit, search.end), (100, NOW));
    assert_eq!(search.start, NOW - 2 * 86_400_000_000_000);
}

#[test]
fn lookback_counts_from_the_end_and_start_wins_over_it() {
    assert_eq!(
        asked_of_s(&[("lookback", "1h")]).start,
        NOW - 3_600_000_000_000
    );
    assert_eq!(
        asked_of_s(&[("lookback", "1h"), ("start", "7")]).start,
        7_000
    );
    assert_eq!(
        asked_of_s(&[("lookback", "custom")]).start,
        NOW - nanos(LOOKBACK)
    );
    assert_eq!(
        asked_of_s(&[("end", "9000000"), ("lookback", "2s")]).start,
        7_000_000_000
    );
}

#[test]
fn durations_are_read_as_go_writes_them() {
    let cases = [
        ("1h30m", 5_400_000_000_000),
        ("1.5s", 1_500_000_000),
        ("20us", 20_000),
        ("7ns", 7),
        ("2d", 2 * 86_400_000_000_000),
        ("1w", 7 * 86_400_000_000_000),
    ];
    for (text, expected) in cases {
        assert_eq!(duration(text), Some(expected), "{text}");
    }
    for wrong in ["", "5", "s", "1x", "1..2s", "-1s"] {
        assert_eq!(duration(wrong), None, "{wrong:?}");
    }
}

#[test]
fn tags_come_as_an_object_or_one_by_one() {
    let search = asked_of_s(&[("tags", r#"{"a":"1"}"#), ("tag", "url:http://h/")]);
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(search.tags, [pair("a", "1"), pair("url", "http://h/")]);
    assert_eq!(asked_of_s(&[("tags", "")]).tags, []);
}

#[test]
fn what_is_not_understood_is_refused_by_name() {
    let wrong = [
        (
            ("limit", "x"),
            "unable to parse param 'limit': \"x\" is not a number",
        ),
        (("limit", "0"), "search depth must be greater than 0"),
        (("start", "-1"), "unable to parse param 'start'"),
        (
            ("minDuration", "soon"),
            "unable to parse param 'minDuration'",
        ),
        (("tags", "x"), "malformed 'tags' parameter"),
        (("tags", r#"{"ok":true}"#), "malformed 'tags' parameter"),
        (("tag", "x"), "malformed 'tag' parameter"),
    ];
    for (pair, expected) in wrong {
        let error = asked(&[("service", "s"), pair]).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    let crossed = asked(&[
        ("service", "s"),
        ("minDuration", "2s"),
        ("maxDuration", "1s"),
    ]);
    assert_eq!(crossed, Err(ParamError::Durations));
    let one = asked_of_s(&[("minDuration", "1s"), ("maxDuration", "1s")]);
    assert_eq!(one.min_duration, one.max_duration);
}

#[test]
fn dependencies_are_of_the_last_day_unless_they_are_of_another_time() {
    const NANOS: u64 = 1_000_000;
    let began = |query: &[(&str, &str)]| {
        let params = query
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        dependencies_began(&params.collect(), NOW)
    };
    assert_eq!(began(&[]), Ok(NOW - 86_400_000 * NANOS..=NOW));
    let asked = [("endTs", "5000"), ("lookback", "2000")];
    assert_eq!(began(&asked), Ok(3000 * NANOS..=5000 * NANOS));
    assert_eq!(began(&[("endTs", "1"), ("lookback", "5")]), Ok(0..=NANOS));
    let wrong = ParamError::NotANumber("lookback", "1h".to_owned());
    assert_eq!(began(&[("lookback", "1h")]), Err(wrong));
}
