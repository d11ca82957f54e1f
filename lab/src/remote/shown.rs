//! Answers of the lab as text for people.

use std::fmt::Write;

use serde_json::Value;

use super::command::What;
use crate::faults::{kinds, spec::Spec};
use crate::supervisor::control::Action;

/// The answer to a command.
pub(super) fn text(what: &What, answer: &Value) -> String {
    match what {
        What::Links | What::Top { .. } => links(answer),
        What::Faults => faults(answer),
        What::Break { link, fault, lasts } => broken(link, fault, lasts.as_deref(), answer),
        What::Wire {
            link: Some(link), ..
        } if array(&answer["messages"]).is_empty() => {
            format!("the lab remembers nothing that passed {link}\n")
        }
        What::Wire { .. } => wire(answer),
        What::Mend(None) => {
            let mended: Vec<_> = array(&answer["mended"]).iter().map(text_of).collect();
            match mended.as_slice() {
                [] => "nothing was broken\n".to_owned(),
                mended => format!("mended: {}\n", mended.join(", ")),
            }
        }
        What::Mend(Some(link)) => format!("{link} is mended\n"),
        What::Process { action, lasts, .. } => {
            process(*action, lasts.as_deref(), &answer["service"])
        }
        // Shown as it goes on.
        What::Lesson(_) => String::new(),
    }
}

fn links(answer: &Value) -> String {
    let links = array(&answer["links"]);
    if links.is_empty() {
        return "this lab runs without links (LAB_LINKS=off)\n".to_owned();
    }
    let rows = links.iter().map(|link| {
        let faults: Vec<_> = array(&link["faults"])
            .iter()
            .map(|fault| text_of(&fault["text"]))
            .collect();
        let stranger = link["stranger"] == true;
        vec![
            text_of(&link["name"]).to_owned(),
            format!(
                "{} -> {}",
                text_of(&link["listen"]),
                text_of(&link["upstream"])
            ),
            text_of(&link["state"]).to_owned(),
            if stranger {
                "a program of yours".to_owned()
            } else {
                String::new()
            },
            faults.join(", "),
        ]
    });
    table(&rows.collect::<Vec<_>>())
}

/// Messages with their bytes, 16 a line.
fn wire(answer: &Value) -> String {
    let mut text = String::new();
    for message in array(&answer["messages"]) {
        let arrow = if message["direction"] == "upstream" {
            "->"
        } else {
            "<-"
        };
        let at = message["at"].as_u64().unwrap_or_default();
        let (seconds, micros) = (at / 1_000_000 % 86_400, at % 1_000_000);
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        _ = writeln!(
            text,
            "{hours:02}:{minutes:02}:{seconds:02}.{micros:06} {} #{} {arrow} {}: {}",
            text_of(&message["link"]),
            message["connection"],
            text_of(&message["protocol"]),
            text_of(&message["summary"]),
        );
        let trace = &message["trace"];
        if !trace.is_null() {
            let (id, span) = (text_of(&trace["id"]), text_of(&trace["span"]));
            _ = writeln!(
                text,
                "  trace {id}, span {span}, by {}",
                text_of(&trace["by"])
            );
        }
        let reflection = &message["reflection"];
        let service = text_of(&reflection["service"]);
        _ = match text_of(&reflection["state"]) {
            "learnt" => writeln!(text, "  as the server describes {service} (reflection)"),
            "asking" => writeln!(text, "  the server is being asked for {service}"),
            "failed" => writeln!(text, "  {service}: {}", text_of(&reflection["why"])),
            _ => Ok(()),
        };
        for layer in array(&message["layers"]) {
            let fields: Vec<_> = array(&layer["fields"])
                .iter()
                .map(|field| format!("{}: {}", text_of(&field["name"]), text_of(&field["value"])))
                .collect();
            _ = writeln!(text, "  {}  {}", text_of(&layer["name"]), fields.join("; "));
        }
        let bytes = text_of(&message["hex"]).as_bytes();
        for (line, bytes) in bytes.chunks(32).take(LINES).enumerate() {
            let pairs: Vec<_> = bytes.chunks(2).map(String::from_utf8_lossy).collect();
            let readable: String = pairs.iter().map(|pair| readable(pair)).collect();
            _ = writeln!(
                text,
                "    {:04x}  {:47}  {readable}",
                line * 16,
                pairs.join(" ")
            );
        }
        if bytes.len() > LINES * 32 {
            _ = writeln!(text, "    … {} bytes in all", message["size"]);
        }
    }
    text
}

/// Lines of a message's bytes; the API has all of them.
const LINES: usize = 32;

fn readable(pair: &str) -> char {
    let byte = u8::from_str_radix(pair, 16).unwrap_or_default();
    if byte.is_ascii_graphic() || byte == b' ' {
        char::from(byte)
    } else {
        '.'
    }
}

/// Settings that more than one fault has, as they are written.
const WRITTEN: [(&str, &str); 2] = [
    ("toward", "toward=client|server|both"),
    ("share", "share=0.5"),
];

fn faults(answer: &Value) -> String {
    let mut text = String::new();
    let now: Vec<_> = array(&answer["faults"])
        .iter()
        .filter(|fault| fault["ended"].is_null())
        .collect();
    if now.is_empty() {
        text.push_str("nothing is broken\n");
    }
    let rows = now.iter().map(|fault| {
        let target = &fault["target"];
        let target = [&target["link"], &target["process"]];
        let target = target.into_iter().find_map(Value::as_str);
        vec![
            fault["id"].as_str().unwrap_or_default().to_owned(),
            target.unwrap_or_default().to_owned(),
            text_of(&fault["text"]).to_owned(),
        ]
    });
    text.push_str(&table(&rows.collect::<Vec<_>>()));
    text.push_str("\nWhat can be broken:\n");
    for kind in array(&answer["kinds"]) {
        let example = text_of(&kind["example"]);
        let of = text_of(&kind["of"]);
        _ = write!(text, "  {example}");
        for setting in array(&kind["settings"]).iter().map(text_of) {
            let written = WRITTEN.into_iter().find(|(known, _)| *known == setting);
            _ = written.map_or(Ok(()), |(_, written)| write!(text, " [{written}]"));
        }
        _ = writeln!(
            text,
            "   (of a {of})\n      {}",
            text_of(&kind["lookFor"]["en"])
        );
    }
    text.push_str(kinds::BESIDE);
    text
}

/// What was just broken, and how much else is wrong with the same link.
fn broken(link: &str, fault: &str, lasts: Option<&str>, answer: &Value) -> String {
    let all = array(&answer["faults"]);
    let made = Spec::read(fault).map(|spec| spec.parts).unwrap_or_default();
    let is_new = |shown: &&Value| made.iter().any(|part| shown["text"] == part.text);
    let (mut new, mut others): (Vec<_>, Vec<_>) = all.iter().partition(is_new);
    if new.is_empty() {
        std::mem::swap(&mut new, &mut others);
    }
    let mut text = String::new();
    for fault in new {
        let name = text_of(&fault["target"]["link"]);
        let ends = ends(fault, lasts, &format!("malha mend {name}"));
        _ = writeln!(text, "{name}: {} {ends}", text_of(&fault["text"]));
        look_for(&mut text, fault);
    }
    _ = match others.len() {
        0 => Ok(()),
        1 => writeln!(text, "one other fault is on {link}; malha faults shows it"),
        others => writeln!(
            text,
            "{others} other faults are on {link}; malha faults shows them"
        ),
    };
    text
}

/// For how long a fault lasts: its time, or until this.
fn ends(fault: &Value, lasts: Option<&str>, until: &str) -> String {
    match (lasts, fault["until"].as_u64()) {
        (Some(lasts), Some(at)) => {
            let at = at / 1000;
            let (hours, minutes, seconds) = (at / 3600 % 24, at / 60 % 60, at % 60);
            format!("for {lasts}, until {hours:02}:{minutes:02}:{seconds:02} UTC")
        }
        _ => format!("until {until}"),
    }
}

fn look_for(text: &mut String, fault: &Value) {
    let look_for = &fault["lookFor"];
    _ = writeln!(text, "  look for: {}", text_of(&look_for["en"]));
    _ = writeln!(text, "  procure:  {}", text_of(&look_for["pt"]));
}

/// What was done to a process.
fn process(action: Action, lasts: Option<&str>, service: &Value) -> String {
    let (name, state) = (text_of(&service["name"]), text_of(&service["state"]));
    let fault = &service["fault"];
    let ends = |back: &str| ends(fault, lasts, &format!("malha {back} {name}"));
    let did = match (action, state) {
        (Action::Stop, "stopping" | "stopped") => {
            format!("is ended and stays down {}", ends("start"))
        }
        (Action::Start, "running") => "is started".to_owned(),
        (Action::Kill, _) if lasts.is_some() => {
            format!("was killed and stays down {}", ends("start"))
        }
        (Action::Kill, _) => "was killed; the lab starts it again".to_owned(),
        (Action::Freeze, "frozen") => format!("is frozen {}", ends("resume")),
        (Action::Resume, "running") => "goes on".to_owned(),
        (action, state) => format!("was told to {}; it is {state} now", action.name()),
    };
    let mut text = format!("{name} {did}\n");
    if fault["kind"] == action.name() {
        look_for(&mut text, fault);
    }
    text
}

/// Services and links, with what passed since the answer before.
pub(super) fn top(services: &Value, before: &Value, links: &Value) -> String {
    let mut rows = vec![
        ["SERVICE", "STATE", "PID", "RESTARTS", "TROUBLE"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for service in array(&services["services"]) {
        let ready = service["ready"] == true;
        let state = text_of(&service["state"]);
        rows.push(vec![
            text_of(&service["name"]).to_owned(),
            if ready {
                "ready".to_owned()
            } else {
                state.to_owned()
            },
            service["pid"]
                .as_u64()
                .map_or_else(|| "-".to_owned(), |pid| pid.to_string()),
            service["restarts"].to_string(),
            text_of(&service["trouble"]).to_owned(),
        ]);
    }
    let mut text = table(&rows);
    let mut rows = vec![
        [
            "LINK", "STATE", "OPEN", "NEW/S", "UP B/S", "DOWN B/S", "FAULTS",
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
    for link in array(&links["links"]) {
        let old = array(&before["links"])
            .iter()
            .find(|old| old["name"] == link["name"]);
        let since = |group: &str, name: &str| {
            let now = link[group][name].as_u64().unwrap_or_default();
            let old = old
                .and_then(|old| old[group][name].as_u64())
                .unwrap_or_default();
            now.saturating_sub(old).to_string()
        };
        let faults: Vec<_> = array(&link["faults"])
            .iter()
            .map(|fault| text_of(&fault["text"]))
            .collect();
        rows.push(vec![
            text_of(&link["name"]).to_owned(),
            text_of(&link["state"]).to_owned(),
            link["connections"]["open"].to_string(),
            since("connections", "total"),
            since("bytes", "upstream"),
            since("bytes", "downstream"),
            faults.join(", "),
        ]);
    }
    text.push('\n');
    text.push_str(&table(&rows));
    text
}

/// Columns as wide as their widest cell.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<_> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            _ = write!(line, "{cell:width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

pub(super) fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

pub(super) fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn links_are_shown_with_what_is_wrong_with_them() {
        let answer = json!({"links": [
            {"name": "a-to-b", "listen": "127.0.0.1:1", "upstream": "127.0.0.1:2", "state": "open",
             "stranger": false, "faults": [{"text": "latency=300ms"}]},
            {"name": "browser-to-a", "listen": "127.0.0.1:3", "upstream": "127.0.0.1:4",
             "state": "closed", "stranger": false, "faults": []}]});
        let text = text(&What::Links, &answer);
        assert!(
            text.starts_with("a-to-b        127.0.0.1:1 -> 127.0.0.1:2  open"),
            "{text}"
        );
        assert!(
            text.contains("latency=300ms\n") && text.ends_with("closed\n"),
            "{text}"
        );
    }

    #[test]
    fn bytes_are_shown_in_hex_and_as_text() {
        let answer = json!({"messages": [{"link": "a-to-b", "connection": 7, "direction": "upstream",
            "at": 3_661_000_005_u64, "protocol": "text", "summary": "Ana", "size": 4, "hex": "416e610a",
            "trace": {"id": "0af7", "span": "b7ad", "by": "tlv"}, "layers": []}]});
        let what = What::Wire {
            link: None,
            trace: None,
            follows: false,
        };
        let text = text(&what, &answer);
        assert!(
            text.starts_with("01:01:01.000005 a-to-b #7 -> text: Ana\n"),
            "{text}"
        );
        assert!(text.contains("  trace 0af7, span b7ad, by tlv\n"), "{text}");
        assert!(
            text.contains("    0000  41 6e 61 0a") && text.ends_with("  Ana.\n"),
            "{text}"
        );
    }

    #[test]
    fn what_passes_is_the_difference_of_two_answers() {
        let links = |bytes| {
            json!({"links": [{"name": "a-to-b", "state": "open", "connections": {"open": 1, "total": 2},
                "bytes": {"upstream": bytes, "downstream": 0}, "faults": []}]})
        };
        let services = json!({"services": [{"name": "a", "state": "frozen", "ready": false, "pid": 7,
            "restarts": 0, "trouble": "frozen"}]});
        let text = top(&services, &links(100), &links(350));
        assert!(text.contains("250"), "{text}");
        assert!(text.contains("frozen"), "{text}");
    }

    #[test]
    fn a_broken_link_says_what_to_look_for_in_both_languages() {
        let answer = json!({"faults": [{"target": {"link": "a-to-b"}, "text": "cut", "until": null,
            "lookFor": {"en": "this", "pt": "isto"}}]});
        let what = What::Break {
            link: String::new(),
            fault: String::new(),
            lasts: None,
        };
        let text = text(&what, &answer);
        assert!(text.contains("until malha mend a-to-b"), "{text}");
        assert!(
            text.contains("look for: this") && text.contains("procure:  isto"),
            "{text}"
        );
    }

    #[test]
    fn a_new_fault_is_shown_with_its_end_and_the_others_are_counted() {
        let fault = |text: &str, until: Value| {
            json!({"target": {"link": "a-to-b"}, "text": text, "until": until,
                "lookFor": {"en": text, "pt": text}})
        };
        let old = fault("silence", Value::Null);
        let new = fault("latency=300ms jitter=5ms", json!(3_661_500));
        let what = What::Break {
            link: "a-to-b".to_owned(),
            fault: "latency=300ms  jitter=5ms".to_owned(),
            lasts: Some("30s".to_owned()),
        };
        let shown = text(&what, &json!({"faults": [&old, &new]}));
        assert!(
            shown.starts_with("a-to-b: latency=300ms jitter=5ms for 30s, until 01:01:01 UTC\n"),
            "{shown}"
        );
        assert!(
            !shown.contains("silence") && shown.contains("\none other fault is on a-to-b;"),
            "{shown}"
        );
        let shown = text(
            &what,
            &json!({"faults": [old, new, fault("cut", Value::Null)]}),
        );
        assert!(shown.ends_with("2 other faults are on a-to-b; malha faults shows them\n"));
    }

    #[test]
    fn what_was_done_to_a_process_is_said_and_not_how_it_was_before() {
        let shown = |action, lasts: Option<&str>, state, fault: Value| {
            let what = What::Process {
                action,
                service: String::new(),
                lasts: lasts.map(str::to_owned),
            };
            text(
                &what,
                &json!({"service": {"name": "a", "state": state, "fault": fault}}),
            )
        };
        let fault = |kind: &str| json!({"kind": kind, "until": 3_661_500, "lookFor": {"en": "this", "pt": "isto"}});
        assert_eq!(
            shown(Action::Stop, None, "stopping", fault("stop")),
            "a is ended and stays down until malha start a\n  look for: this\n  procure:  isto\n"
        );
        let froze = shown(Action::Freeze, Some("30s"), "frozen", fault("freeze"));
        assert!(
            froze.starts_with("a is frozen for 30s, until 01:01:01 UTC\n"),
            "{froze}"
        );
        let killed = shown(Action::Kill, None, "waiting", fault("kill"));
        assert!(
            killed.starts_with("a was killed; the lab starts it again\n"),
            "{killed}"
        );
        // What still shows the fault before is not told to look for it.
        assert_eq!(
            shown(Action::Start, None, "running", fault("stop")),
            "a is started\n"
        );
        assert_eq!(
            shown(Action::Resume, None, "running", Value::Null),
            "a goes on\n"
        );
        assert_eq!(
            shown(Action::Start, None, "failed", Value::Null),
            "a was told to start; it is failed now\n"
        );
    }

    #[test]
    fn every_setting_of_a_fault_is_shown_beside_it() {
        let kinds = json!({"faults": [], "kinds": [
            {"kind": "silence", "of": "link", "example": "silence", "settings": ["toward", "share"],
             "lookFor": {"en": "this", "pt": "isto"}}]});
        let shown = text(&What::Faults, &kinds);
        assert!(
            shown.contains("  silence [toward=client|server|both] [share=0.5]   (of a link)\n"),
            "{shown}"
        );
        assert!(shown.contains("for=30s mends it"), "{shown}");
    }
}
