//! What a v1 client says about itself in the query.

use std::collections::HashMap;

use url::form_urlencoded;

use crate::domain::Token;
use crate::hub::Resume;

/// The query of `/ws/{clientId}`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) session: Option<Token>,
    pub(super) resume: Option<Resume>,
    pub(super) history: usize,
}

/// The most older entries that a new client may ask for.
const MOST: usize = 1000;

impl Query {
    /// Reads a query, or says what is wrong.
    pub(super) fn read(query: &str) -> Result<Self, String> {
        let pairs: HashMap<_, _> = form_urlencoded::parse(query.as_bytes()).collect();
        let token = |name: &str| {
            let token = pairs.get(name).map(|text| Token::parse(text));
            let token = token.transpose();
            token.map_err(|expected| format!("{name}: {expected}\n"))
        };
        let number = |name: &str, most: u64| {
            let number = pairs.get(name).map(|text| text.parse::<u64>());
            match number.transpose() {
                Ok(number) if number.is_none_or(|number| number <= most) => Ok(number),
                _ => Err(format!(
                    "{name}: expected a whole number from 0 to {most}\n"
                )),
            }
        };
        let resume = match (token("epoch")?, number("cursor", u64::MAX - 1)?) {
            (Some(epoch), Some(cursor)) => Some(Resume { epoch, cursor }),
            (None, None) => None,
            _ => return Err("epoch and cursor: expected both or neither\n".to_owned()),
        };
        let history = number("history", MOST as u64)?.unwrap_or_default();
        Ok(Self {
            session: token("session")?,
            resume,
            history: usize::try_from(history).unwrap_or(MOST),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_it_may_be_left_out() {
        assert_eq!(Query::read(""), Ok(Query::default()));
        assert_eq!(Query::read("more=1"), Ok(Query::default()));
    }

    #[test]
    fn a_client_that_comes_back_says_where_it_was() {
        let token = |text| Token::parse(text).unwrap();
        let expected = Query {
            session: Some(token("s-1")),
            resume: Some(Resume {
                epoch: token("e"),
                cursor: 41,
            }),
            history: 5,
        };
        let read = Query::read("session=s-1&epoch=e&cursor=41&history=5");
        assert_eq!(read, Ok(expected));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (query, wrong) in [
            ("session=a%20b", "session: expected 1 to 64"),
            ("epoch=e", "epoch and cursor"),
            ("cursor=1", "epoch and cursor"),
            ("epoch=e&cursor=-1", "cursor: expected a whole number"),
            (
                "history=1001",
                "history: expected a whole number from 0 to 1000",
            ),
        ] {
            let error = Query::read(query).unwrap_err();
            assert!(error.starts_with(wrong), "{error}");
        }
    }
}
