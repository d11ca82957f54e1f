//! Lessons in a terminal.

use std::fmt::Write as _;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::Value;

use super::command::LessonCommand;
use super::shown::{array, text_of};
use crate::client::{ClientError, LabClient, print};

/// Asks the lab, and prints what it says: for people, or as it came.
pub(super) async fn run(
    command: &LessonCommand,
    lab: &LabClient,
    json: bool,
) -> Result<(), ClientError> {
    // What is being given, and its steps, are known before it is ended.
    let before = match command {
        LessonCommand::Give(_) => Value::Null,
        LessonCommand::List | LessonCommand::Next | LessonCommand::Stop => lab.get(PATH).await?,
    };
    let answer = match command {
        LessonCommand::List => before.clone(),
        LessonCommand::Give(name) => lab.send(Method::POST, &of(name), None).await?,
        LessonCommand::Next => lab.send(Method::POST, &of("next"), None).await?,
        LessonCommand::Stop => lab.send(Method::DELETE, PATH, None).await?,
    };
    if json {
        return print(&format!("{answer:#}\n"));
    }
    match command {
        LessonCommand::List => print(&list(&answer)),
        LessonCommand::Give(name) => give(lab, name).await,
        LessonCommand::Next => print(&gone_on(&before, &answer["running"])),
        LessonCommand::Stop => print(&ended(&before["running"])),
    }
}

/// What going on has come to: another step, or the end.
fn gone_on(before: &Value, now: &Value) -> String {
    if now.is_null() {
        return ended(&before["running"]);
    }
    let mut lessons = array(&before["lessons"]).iter();
    let lesson = lessons.find(|lesson| lesson["id"] == now["id"]);
    let number = now["step"].as_u64().unwrap_or_default();
    let step = lesson.map(|lesson| step(lesson, number));
    format!("the next step has begun: {}", step.unwrap_or_default())
}

fn ended(running: &Value) -> String {
    match running["id"].as_str() {
        Some(id) => format!("{id} is ended; everything is put back\n"),
        None => "no lesson is being given\n".to_owned(),
    }
}

const PATH: &str = "/lab/lessons";

fn of(name: &str) -> String {
    format!("{PATH}/{}", utf8_percent_encode(name, NON_ALPHANUMERIC))
}

/// Shows each step as it begins, until the lesson is over. Whoever interrupts it ends the lesson.
async fn give(lab: &LabClient, name: &str) -> Result<(), ClientError> {
    tokio::select! {
        followed = follow(lab, name) => followed,
        _ = tokio::signal::ctrl_c() => {
            lab.send(Method::DELETE, PATH, None).await?;
            print("\nended; everything is put back\n")
        }
    }
}

async fn follow(lab: &LabClient, name: &str) -> Result<(), ClientError> {
    let mut shown = None;
    loop {
        let answer = lab.get(PATH).await?;
        let running = &answer["running"];
        if running["id"] != name {
            return match answer["trouble"].as_str() {
                Some(trouble) => Err(ClientError::Refused(trouble.to_owned())),
                None => print("the lesson is over; everything is put back\n"),
            };
        }
        let mut lessons = array(&answer["lessons"]).iter();
        let lesson = lessons.find(|lesson| lesson["id"] == name);
        let number = running["step"].as_u64();
        if let Some(lesson) = lesson.filter(|_| number != shown) {
            if shown.is_none() {
                print(&head(lesson, lab.address()))?;
            }
            shown = number;
            print(&step(lesson, number.unwrap_or_default()))?;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

/// Every lesson, one below the other.
fn list(answer: &Value) -> String {
    let mut text = String::new();
    for lesson in array(&answer["lessons"]) {
        let title = &lesson["title"];
        _ = writeln!(text, "{}", text_of(&lesson["id"]));
        _ = writeln!(text, "    {}", text_of(&title["en"]));
        _ = writeln!(text, "    {}", text_of(&title["pt"]));
        if let Some(lacks) = lesson["lacks"].as_str() {
            _ = writeln!(text, "    not here: {lacks}");
        }
    }
    match answer["running"]["id"].as_str() {
        Some(id) => _ = writeln!(text, "\nbeing given: {id}"),
        None => text.push_str("\nmalha lesson NAME gives one; next goes on, stop ends it\n"),
    }
    text
}

/// What a lesson is about, and what to look for in it.
fn head(lesson: &Value, at: &str) -> String {
    let title = &lesson["title"];
    let mut text = format!("{}\n{}\n\n", text_of(&title["en"]), text_of(&title["pt"]));
    for (language, heading) in [("en", "look for"), ("pt", "procure")] {
        _ = writeln!(text, "{heading}:");
        for sign in array(&lesson["lookFor"]) {
            let place = text_of(&sign["where"]);
            _ = writeln!(text, "  {place}: {}", text_of(&sign[language]));
        }
    }
    _ = writeln!(
        text,
        "more: http://{at}{}, experiment {}\n",
        text_of(&lesson["guide"]),
        lesson["experiment"]
    );
    text
}

fn step(lesson: &Value, number: u64) -> String {
    let steps = array(&lesson["steps"]);
    let step = usize::try_from(number).ok().and_then(|at| steps.get(at));
    let Some(step) = step else {
        return String::new();
    };
    let mut text = format!("{}/{}", number + 1, steps.len());
    for action in array(&step["actions"]) {
        _ = write!(text, "  [{}]", text_of(action));
    }
    _ = writeln!(text, "  {} s, or malha lesson next", step["seconds"]);
    for language in ["en", "pt"] {
        _ = writeln!(text, "  {}", text_of(&step["say"][language]));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_lesson_is_shown_with_its_steps_and_symptoms_in_both_languages() {
        let lesson = json!({"id": "a-b", "title": {"en": "One", "pt": "Um"}, "lacks": "this lab runs without a",
            "guide": "/guide/a#break-it", "experiment": 3, "lookFor": [{"where": "span", "en": "red", "pt": "vermelho"}],
            "steps": [{"actions": ["break a-to-b cut"], "seconds": 20, "say": {"en": "Wait.", "pt": "Espere."}}]});
        let text = head(&lesson, "localhost:8888") + &step(&lesson, 0);
        for part in [
            "look for:\n  span: red\n",
            "procure:\n  span: vermelho\n",
            "more: http://localhost:8888/guide/a#break-it, ",
            "experiment 3\n",
            "1/1  [break a-to-b cut]  20 s",
            "  Wait.\n  Espere.\n",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let text = list(&json!({"lessons": [lesson], "running": {"id": "a-b"}}));
        assert!(
            text.starts_with("a-b\n    One\n    Um\n    not here: "),
            "{text}"
        );
        assert!(text.ends_with("being given: a-b\n"), "{text}");
    }

    #[test]
    fn who_goes_on_or_ends_is_told_what_has_begun_or_ended() {
        let before = json!({"running": {"id": "a-b", "step": 0}, "lessons": [{"id": "a-b", "steps": [
            {"actions": [], "seconds": 20, "say": {}},
            {"actions": ["mend a-to-b"], "seconds": 9, "say": {"en": "Look.", "pt": "Olhe."}}]}]});
        let text = gone_on(&before, &json!({"id": "a-b", "step": 1}));
        assert!(
            text.starts_with("the next step has begun: 2/2  [mend a-to-b]  9 s"),
            "{text}"
        );
        assert!(text.ends_with("  Look.\n  Olhe.\n"), "{text}");
        let over = "a-b is ended; everything is put back\n";
        assert_eq!(gone_on(&before, &Value::Null), over);
        assert_eq!(ended(&before["running"]), over);
        assert_eq!(ended(&Value::Null), "no lesson is being given\n");
    }
}
