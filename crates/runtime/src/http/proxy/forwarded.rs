//! `Forwarded` (RFC 7239).

use axum::http::HeaderMap;
use axum::http::header::FORWARDED;

use super::Told;

/// What it says. Of several hosts and protocols the first comes from the proxy nearest to the client.
pub(super) fn read(headers: &HeaderMap) -> Told {
    let mut told = Told::default();
    let lines = headers.get_all(FORWARDED).into_iter();
    for line in lines.filter_map(|line| line.to_str().ok()) {
        for (name, value) in split(line, ',')
            .flat_map(|hop| split(hop, ';'))
            .filter_map(pair)
        {
            match name.to_ascii_lowercase().as_str() {
                "for" => told.clients.push(value),
                "host" => told.host = told.host.or(Some(value)),
                "proto" => told.scheme = told.scheme.or(Some(value)),
                _ => {}
            }
        }
    }
    told
}

/// The parts between separators that are not quoted.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |symbol| {
        let is_escaped = std::mem::take(&mut escaped);
        match symbol {
            _ if is_escaped => {}
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => return symbol == separator && !quoted,
        }
        false
    })
}

/// `name=value` or `name="value"`.
fn pair(text: &str) -> Option<(&str, String)> {
    let (name, value) = text.trim().split_once('=')?;
    let Some(quoted) = value.strip_prefix('"') else {
        return Some((name, value.to_owned()));
    };
    let mut symbols = quoted.strip_suffix('"')?.chars();
    let mut value = String::new();
    while let Some(symbol) = symbols.next() {
        value.push(if symbol == '\\' {
            symbols.next()?
        } else {
            symbol
        });
    }
    Some((name, value))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn of(lines: &[&'static str]) -> Told {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED, HeaderValue::from_static(line));
        }
        read(&headers)
    }

    #[test]
    fn hops_and_pairs_are_read_as_the_examples_of_the_rfc_have_them() {
        let told = of(&[r#"For="[2001:db8:cafe::17]:4711""#]);
        assert_eq!(told.clients, ["[2001:db8:cafe::17]:4711"]);
        let told = of(&["for=192.0.2.60;proto=http;by=203.0.113.43"]);
        assert_eq!(
            (&told.clients[..], told.scheme.as_deref()),
            (&["192.0.2.60".to_owned()][..], Some("http"))
        );
        let told = of(&["for=192.0.2.43, for=198.51.100.17", "for=unknown"]);
        assert_eq!(told.clients, ["192.0.2.43", "198.51.100.17", "unknown"]);
    }

    #[test]
    fn separators_within_quotes_and_escapes_are_text() {
        let told = of(&[r#"for="a,b;c\"d"; host="x\\y";HOST=z"#]);
        assert_eq!(
            (&told.clients[..], told.host.as_deref()),
            (&[r#"a,b;c"d"#.to_owned()][..], Some(r"x\y"))
        );
        // Outside of quotes nothing is escaped.
        let told = of(&[r"for=a\,for=b"]);
        assert_eq!(told.clients, [r"a\", "b"]);
    }

    #[test]
    fn what_is_no_pair_is_passed_over() {
        assert_eq!(of(&["", ";;,", "for", r#"for="a"#]), Told::default());
    }
}
