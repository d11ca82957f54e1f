//! What is asked for, from the arguments after `trace`.

use std::ffi::OsString;

use crate::client::Place;
use crate::collector::id::trace_id_from_hex;

/// What somebody wants to see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// The trace; none for the newest.
    pub id: Option<String>,
    /// Only those in which this service has a part.
    pub service: Option<String>,
    /// Only those with a span that failed; one of the service, where that is named.
    pub errors: bool,
    /// Go on with those that come.
    pub follow: bool,
    /// As JSON, a line a trace.
    pub json: bool,
    /// Where the lab's page is, if not where this program's own settings say.
    pub at: Option<Place>,
}

impl Question {
    /// Reads the arguments; otherwise what is wrong with them.
    pub fn read(args: impl IntoIterator<Item = OsString>) -> Result<Self, String> {
        let mut question = Self::default();
        let mut args = args
            .into_iter()
            .map(|arg| arg.to_string_lossy().into_owned());
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "-f" | "--follow" => question.follow = true,
                "--json" => question.json = true,
                "--errors" => question.errors = true,
                "--service" => question.service = Some(service(args.next())?),
                "--at" => question.at = Some(Place::read(&args.next().unwrap_or_default())?),
                flag if flag.starts_with('-') => return Err(format!("{flag:?} is not known")),
                id if question.id.is_some() => return Err(format!("{id:?} is one trace too many")),
                text => question.id = Some(trace_id(text)?),
            }
        }
        if question.id.is_some() && (question.errors || question.service.is_some()) {
            return Err(
                "an id is of one trace: --service and --errors choose among all".to_owned(),
            );
        }
        Ok(question)
    }
}

fn service(name: Option<String>) -> Result<String, String> {
    let name = name.filter(|name| !name.is_empty() && !name.starts_with('-'));
    name.ok_or_else(|| "--service lacks a name, such as servidor".to_owned())
}

/// The whole id of a trace.
pub(crate) fn trace_id(text: &str) -> Result<String, String> {
    let expected = "up to 32 hexadecimal digits, not all zero";
    let id = trace_id_from_hex(text).map(|id| id.to_string());
    id.ok_or_else(|| format!("{text:?} is not a trace id: {expected}"))
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    fn read(args: &[&str]) -> Result<Question, String> {
        Question::read(args.iter().map(OsString::from))
    }

    #[test]
    fn a_trace_may_be_named_with_its_zeros_left_out_and_followed() {
        let id = "0af7651916cd43dd8448eb211c80319c";
        let question = read(&["-f", &id[1..], "--json", "--at", "127.0.0.1:9"]).unwrap();
        let expected = Question {
            id: Some(id.to_owned()),
            follow: true,
            json: true,
            at: Some(SocketAddr::from(([127, 0, 0, 1], 9)).into()),
            ..Question::default()
        };
        assert_eq!(question, expected);
        assert_eq!(read(&[]), Ok(Question::default()));
    }

    #[test]
    fn traces_may_be_chosen_by_service_and_by_whether_they_failed() {
        let expected = Question {
            service: Some("chat".to_owned()),
            errors: true,
            ..Question::default()
        };
        assert_eq!(read(&["--errors", "--service", "chat"]), Ok(expected));
    }

    #[test]
    fn what_is_not_understood_is_told() {
        for (args, says) in [
            (&["--all"][..], "\"--all\" is not known"),
            (&["xyz"], "\"xyz\" is not a trace id"),
            (&["1", "2"], "\"2\" is one trace too many"),
            (&["--at"], "--at \"\" is refused"),
            (&["--service"], "--service lacks a name"),
            (&["--service", "--errors"], "--service lacks a name"),
            (&["1f", "--errors"], "an id is of one trace"),
        ] {
            let said = read(args).unwrap_err();
            assert!(said.starts_with(says), "{said}");
        }
    }
}
