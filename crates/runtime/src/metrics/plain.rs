//! Metrics as Prometheus text 0.0.4, for readers that do not ask for OpenMetrics.
//!
//! The samples are the same. That format has no exemplars, units or end, announces counters and infos
//! under the whole name of their samples, and calls an info a gauge.

/// Rewrites OpenMetrics text.
pub(super) fn from_open_metrics(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut add = |parts: &[&str]| {
        plain.extend(parts.iter().copied());
        plain.push('\n');
    };
    // A help stands above the type, which says how the name ends.
    let mut help = None;
    for line in text.lines() {
        if let Some(told) = line.strip_prefix("# HELP ") {
            help = told.split_once(' ');
        } else if let Some((name, kind)) = line
            .strip_prefix("# TYPE ")
            .and_then(|told| told.split_once(' '))
        {
            let (suffix, kind) = match kind {
                "counter" => ("_total", "counter"),
                "info" => ("_info", "gauge"),
                "unknown" => ("", "untyped"),
                kind => ("", kind),
            };
            if let Some((_, text)) = help.take().filter(|(of, _)| *of == name) {
                add(&["# HELP ", name, suffix, " ", text]);
            }
            add(&["# TYPE ", name, suffix, " ", kind]);
        } else if !line.starts_with('#') {
            add(&[without_exemplar(line)]);
        }
    }
    plain
}

/// A sample up to the `#` that begins its exemplar; one in a label's value begins none.
fn without_exemplar(sample: &str) -> &str {
    let (mut quoted, mut escaped) = (false, false);
    let exemplar = sample.char_indices().find(|(_, character)| {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = quoted,
            '"' => quoted = !quoted,
            '#' => return !quoted,
            _ => {}
        }
        false
    });
    exemplar.map_or(sample, |(at, _)| sample[..at].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_end_as_their_samples_do_and_exemplars_units_and_the_end_go() {
        let open = r#"# HELP target The service.
# TYPE target info
target_info{service_name="exemplo"} 1
# HELP asked Questions.
# TYPE asked counter
asked_total{by="\" # {\\"} 2 # {trace_id="0af7"} 1.0
# HELP took_seconds Time.
# TYPE took_seconds histogram
# UNIT took_seconds seconds
took_seconds_bucket{le="0.1"} 1 # {trace_id="0af7"} 0.03
# TYPE odd unknown
odd 3
# EOF
"#;
        let plain = r#"# HELP target_info The service.
# TYPE target_info gauge
target_info{service_name="exemplo"} 1
# HELP asked_total Questions.
# TYPE asked_total counter
asked_total{by="\" # {\\"} 2
# HELP took_seconds Time.
# TYPE took_seconds histogram
took_seconds_bucket{le="0.1"} 1
# TYPE odd untyped
odd 3
"#;
        assert_eq!(from_open_metrics(open), plain);
    }
}
