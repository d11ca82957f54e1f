//! What is asked for, from the arguments.

use std::ffi::OsString;

use crate::client::Place;
use crate::supervisor::control::Action;
use crate::terminal::question::trace_id;

/// A command to a lab that runs.
#[derive(Debug, PartialEq, Eq)]
pub struct Command {
    /// What to do.
    pub what: What,
    /// Where the lab's page is, if not where this program's own settings say.
    pub at: Option<Place>,
    /// Whether the answer is shown as it came.
    pub json: bool,
}

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub enum What {
    /// Show the links.
    Links,
    /// Show the faults of now, and those that there are.
    Faults,
    /// Break a link.
    Break {
        /// The link.
        link: String,
        /// The fault, as it was written.
        fault: String,
        /// For how long.
        lasts: Option<String>,
    },
    /// Mend a link, or everything.
    Mend(Option<String>),
    /// Do something to a process.
    Process {
        /// What.
        action: Action,
        /// Whose.
        service: String,
        /// For how long.
        lasts: Option<String>,
    },
    /// Show what passed a link, or every link with one trace.
    Wire {
        /// The link.
        link: Option<String>,
        /// The trace.
        trace: Option<String>,
        /// Go on.
        follows: bool,
    },
    /// Something about lessons.
    Lesson(LessonCommand),
    /// Show services and links, again and again.
    Top {
        /// Only once.
        once: bool,
    },
}

/// What is asked of the lessons.
#[derive(Debug, PartialEq, Eq)]
pub enum LessonCommand {
    /// Show all.
    List,
    /// Give one, to its end.
    Give(String),
    /// Go on to the next step.
    Next,
    /// End the one that is given.
    Stop,
}

/// Why the arguments are no command.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("malha {verb}: {trouble}\nusage: {usage}")]
pub struct UsageError {
    verb: &'static str,
    trouble: String,
    usage: &'static str,
}

/// Each verb and how it is used.
pub(crate) const USAGE: [(&str, &str); 12] = [
    ("links", "malha links [--json]"),
    (
        "break",
        "malha break LINK FAULT... [toward=server] [share=0.5] [for=30s]     as in: malha break serviceA-to-serviceB latency=300ms",
    ),
    ("mend", "malha mend [LINK]"),
    ("faults", "malha faults [--json]"),
    (
        "lesson",
        "malha lesson [NAME]                  lists the lessons, or gives one; malha lesson next, malha lesson stop",
    ),
    ("stop", "malha stop SERVICE [for=30s]"),
    ("start", "malha start SERVICE"),
    ("kill", "malha kill SERVICE [for=30s]"),
    ("freeze", "malha freeze SERVICE [for=30s]"),
    ("resume", "malha resume SERVICE"),
    (
        "wire",
        "malha wire LINK [trace=ID] [-f] [--json], or malha wire trace=ID",
    ),
    ("top", "malha top [--once] [--json]"),
];

/// Every verb.
pub fn verbs() -> impl Iterator<Item = &'static str> {
    USAGE.into_iter().map(|(verb, _)| verb)
}

impl LessonCommand {
    /// From the word after the verb.
    fn read(word: Option<&str>) -> Self {
        match word {
            None => Self::List,
            Some("next") => Self::Next,
            Some("stop") => Self::Stop,
            Some(name) => Self::Give(name.to_owned()),
        }
    }
}

impl Command {
    /// Reads what follows a verb; none where the first word is no verb.
    pub fn read(verb: &str, args: &[OsString]) -> Option<Result<Self, UsageError>> {
        let (verb, usage) = USAGE.into_iter().find(|(known, _)| *known == verb)?;
        let args: Vec<_> = args.iter().map(|arg| arg.to_string_lossy()).collect();
        let read = Self::parse(verb, args.iter().map(AsRef::as_ref).collect());
        Some(read.map_err(|trouble| UsageError {
            verb,
            trouble,
            usage,
        }))
    }

    fn parse(verb: &str, mut args: Vec<&str>) -> Result<Self, String> {
        let json = flag(&mut args, "--json");
        let follows = verb == "wire" && (flag(&mut args, "-f") | flag(&mut args, "--follow"));
        let trace = args
            .iter()
            .position(|arg| verb == "wire" && arg.starts_with("trace="));
        let trace = trace.map(|index| args.remove(index)["trace=".len()..].to_owned());
        if let Some(id) = &trace {
            trace_id(id)?;
        }
        let once = verb == "top" && flag(&mut args, "--once");
        let at = value(&mut args, "--at")?;
        let at = at.map(Place::read).transpose()?;
        let lasts = args.iter().position(|arg| arg.starts_with("for="));
        let lasts = lasts.map(|index| args.remove(index)["for=".len()..].to_owned());
        let what = match (verb, args.as_slice()) {
            ("wire", [] | [_]) if trace.is_some() || args.len() == 1 => What::Wire {
                link: args.first().map(|link| (*link).to_owned()),
                trace,
                follows,
            },
            ("wire", _) => return Err("the name of one link, or trace=ID, is needed".to_owned()),
            _ => what(verb, once, &args, lasts)?,
        };
        Ok(Self { what, at, json })
    }
}

fn what(verb: &str, once: bool, args: &[&str], lasts: Option<String>) -> Result<What, String> {
    if let Some(flag) = args.iter().find(|arg| arg.starts_with('-')) {
        return Err(format!("{flag:?} is not known"));
    }
    let owned = |text: &&str| (*text).to_owned();
    let action = Action::named(verb);
    match (verb, action, args) {
        ("break", _, [link, fault @ ..]) if !fault.is_empty() => Ok(What::Break {
            link: owned(link),
            fault: fault.join(" "),
            lasts,
        }),
        ("break", ..) => Err("a link and a fault are needed".to_owned()),
        (_, Some(Action::Start | Action::Resume), _)
        | ("mend" | "links" | "faults" | "top" | "lesson", ..)
            if lasts.is_some() =>
        {
            Err("this takes no \"for\"".to_owned())
        }
        (_, Some(action), [service]) => Ok(What::Process {
            action,
            service: owned(service),
            lasts,
        }),
        (_, Some(_), _) => Err("the name of one service is needed".to_owned()),
        ("mend", _, [] | [_]) => Ok(What::Mend(args.first().map(owned))),
        ("lesson", _, [] | [_]) => Ok(What::Lesson(LessonCommand::read(args.first().copied()))),
        ("links", _, []) => Ok(What::Links),
        ("faults", _, []) => Ok(What::Faults),
        ("top", _, []) => Ok(What::Top { once }),
        _ => Err(format!("{:?} is too much", args.join(" "))),
    }
}

fn flag(args: &mut Vec<&str>, name: &str) -> bool {
    let before = args.len();
    args.retain(|arg| *arg != name);
    args.len() < before
}

fn value<'a>(args: &mut Vec<&'a str>, name: &str) -> Result<Option<&'a str>, String> {
    let Some(index) = args.iter().position(|arg| *arg == name) else {
        return Ok(None);
    };
    args.remove(index);
    if index < args.len() {
        return Ok(Some(args.remove(index)));
    }
    Err(format!("{name} needs a value"))
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    fn read(line: &str) -> Result<Command, String> {
        let mut words = line.split(' ');
        let verb = words.next().unwrap();
        let args: Vec<_> = words.map(OsString::from).collect();
        Command::read(verb, &args)
            .unwrap()
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_break_names_a_link_faults_and_a_time() {
        let command = read("break a-to-b latency=300ms jitter=5ms for=30s --json").unwrap();
        assert!(command.json);
        let expected = What::Break {
            link: "a-to-b".to_owned(),
            fault: "latency=300ms jitter=5ms".to_owned(),
            lasts: Some("30s".to_owned()),
        };
        assert_eq!(command.what, expected);
    }

    #[test]
    fn a_process_is_acted_on_by_its_name() {
        let command = read("freeze serviceB --at 127.0.0.1:9").unwrap();
        assert_eq!(
            command.at,
            Some(Place::from(SocketAddr::from(([127, 0, 0, 1], 9))))
        );
        let expected = What::Process {
            action: Action::Freeze,
            service: "serviceB".to_owned(),
            lasts: None,
        };
        assert_eq!(command.what, expected);
    }

    #[test]
    fn what_passed_is_asked_for_by_link_or_trace() {
        let expected = |link: Option<&str>, trace: Option<&str>, follows| What::Wire {
            link: link.map(str::to_owned),
            trace: trace.map(str::to_owned),
            follows,
        };
        assert_eq!(
            read("wire a-to-b -f").unwrap().what,
            expected(Some("a-to-b"), None, true)
        );
        assert_eq!(
            read("wire trace=0af7").unwrap().what,
            expected(None, Some("0af7"), false)
        );
    }

    #[test]
    fn lessons_are_listed_given_and_ended() {
        for (line, expected) in [
            ("lesson --json", LessonCommand::List),
            (
                "lesson hello-late",
                LessonCommand::Give("hello-late".to_owned()),
            ),
            ("lesson next", LessonCommand::Next),
            ("lesson stop", LessonCommand::Stop),
        ] {
            assert_eq!(read(line).unwrap().what, What::Lesson(expected));
        }
    }

    #[test]
    fn what_is_no_command_is_refused_with_its_usage() {
        for (line, says) in [
            ("break a-to-b", "a link and a fault are needed"),
            ("stop", "the name of one service is needed"),
            ("start serviceB for=3s", "takes no \"for\""),
            ("mend a b", "too much"),
            ("lesson a b", "too much"),
            ("links --all", "\"--all\" is not known"),
            ("top --at", "--at needs a value"),
            ("wire", "the name of one link, or trace=ID"),
            ("top --at x", "--at \"x\" is refused"),
            ("wire trace=zzz", "\"zzz\" is not a trace id"),
        ] {
            let error = read(line).unwrap_err();
            assert!(
                error.contains(says) && error.contains("usage: malha "),
                "{line}: {error}"
            );
        }
        assert!(Command::read("trace", &[]).is_none());
    }
}
