use super::*;

const NOW: u64 = 1_795_237_465_000_000_000;

fn asked(query: &[(&str, &str)]) -> Result<Search, ParamError> {
    let params = query
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Asked(&params.collect()).search(NOW)
}

#[test]
fn nothing_is_required() {
    let search = asked(&[]).unwrap();
    assert_eq!((search.service, search.limit), (None, 100));
    assert_eq!((search.start, search.end), (NOW - nanos(LOOKBACK), NOW));
}

#[test]
fn edges_are_of_the_last_day_unless_they_are_of_another_time() {
    let began = |query: &[(&str, &str)]| {
        let params = query
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Asked(&params.collect()).began(NOW)
    };
    assert_eq!(began(&[]), Ok(NOW - 86_400_000_000_000..=NOW));
    let times = [
        ("startTime", "1970-01-01T00:00:01Z"),
        ("endTime", "1970-01-01T00:00:02Z"),
    ];
    assert_eq!(began(&times), Ok(1_000_000_000..=2_000_000_000));
}

#[test]
fn a_flag_is_false_unless_it_is_said_to_be_true() {
    let flag = |value: &str| {
        let params = vec![("raw".to_owned(), value.to_owned())];
        Asked(&params).flag("raw")
    };
    assert_eq!(Asked(&Vec::new()).flag("raw"), Ok(false));
    assert_eq!([flag("true"), flag("false")], [Ok(true), Ok(false)]);
    assert!(flag("1").is_err());
}

#[test]
fn parameters_have_today_s_names_or_those_of_before() {
    let today = [
        ("query.serviceName", "s"),
        ("query.operationName", "o"),
        ("query.attributes", r#"{"a":"1"}"#),
        ("query.startTimeMin", "2026-11-21T05:04:25Z"),
        ("query.startTimeMax", "2026-11-21T05:04:26.5Z"),
        ("query.durationMin", "10ms"),
        ("query.durationMax", "1.5s"),
        ("query.searchDepth", "7"),
    ];
    let before = [
        ("query.service_name", "s"),
        ("query.operation_name", "o"),
        ("query.attributes", r#"{"a":"1"}"#),
        ("query.start_time_min", "2026-11-21T05:04:25Z"),
        ("query.start_time_max", "2026-11-21T05:04:26.5Z"),
        ("query.duration_min", "10ms"),
        ("query.duration_max", "1.5s"),
        ("query.num_traces", "7"),
    ];
    let expected = Search {
        service: Some("s".to_owned()),
        operation: Some("o".to_owned()),
        tags: vec![("a".to_owned(), "1".to_owned())],
        start: NOW,
        end: NOW + 1_500_000_000,
        min_duration: 10_000_000,
        max_duration: 1_500_000_000,
        limit: 7,
    };
    assert_eq!(asked(&today).as_ref(), Ok(&expected));
    assert_eq!(asked(&before).as_ref(), Ok(&expected));
}

#[test]
fn times_may_have_an_offset_and_be_before_1970() {
    assert_eq!(moment("2026-11-21T02:04:25-03:00"), Some(NOW));
    assert_eq!(moment("1969-12-31T23:59:59Z"), Some(0));
    assert_eq!(moment("9999-12-31T23:59:59Z"), Some(u64::MAX));
    for wrong in ["", "now", "1795237465", "2026-13-01T00:00:00Z"] {
        assert_eq!(moment(wrong), None, "{wrong:?}");
    }
}

#[test]
fn what_is_not_understood_is_refused_by_the_name_it_was_given() {
    for (pair, expected) in [
        (
            ("query.startTimeMin", "soon"),
            "malformed parameter query.startTimeMin: \"soon\" is not a time",
        ),
        (
            ("query.start_time_max", "5"),
            "malformed parameter query.start_time_max: \"5\" is not a time",
        ),
        (
            ("query.durationMin", "5"),
            "malformed parameter query.durationMin: \"5\" is not a duration",
        ),
        (
            ("query.searchDepth", "0"),
            "malformed parameter query.searchDepth: \"0\" is not a number",
        ),
        (
            ("query.num_traces", "x"),
            "malformed parameter query.num_traces: \"x\" is not a number",
        ),
        (
            ("query.attributes", "{}}"),
            "malformed parameter query.attributes: \"{}}\" is not a JSON object",
        ),
        (("query.filter", "{}"), "query.filter is not supported here"),
        (
            ("query.pagination.pageSize", "5"),
            "query.pagination.pageSize is not supported here",
        ),
    ] {
        let error = asked(&[pair]).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}
