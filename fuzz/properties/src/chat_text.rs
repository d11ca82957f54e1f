//! What is written in the chat's frames: no client can speak for another, a line of the original is
//! read as it will be read again, and a frame is what its JSON says.

use chat::domain::{ClientId, Event};
use chat::wire::v1::{ClientFrame, parse};
use serde_json::Value;

/// Panics where it does not hold of this text.
pub fn check(sent: &[u8]) {
    let Ok(text) = std::str::from_utf8(sent) else {
        return;
    };
    nobody_speaks_for_another(text);
    let event = Event::from_line(text);
    assert_eq!(Event::from_line(&event.line()), event);
    if let Ok(frame) = parse(text) {
        is_what_it_says(text, &frame);
    }
}

fn nobody_speaks_for_another(text: &str) {
    let client = ClientId::parse("5").expect("a number");
    let said = Event::Message {
        client,
        text: text.to_owned(),
    };
    assert_eq!(Event::from_line(&said.line()), said);
}

fn is_what_it_says(text: &str, frame: &ClientFrame) {
    // A text that is passed over may hold what is none, such as half a pair of surrogates.
    let Ok(json) = serde_json::from_str::<Value>(text) else {
        return;
    };
    let own = |name: &str| json[name].as_str();
    match frame {
        ClientFrame::Send(send) => {
            assert_eq!(own("type"), Some("send"));
            assert_eq!(own("id"), send.id.as_deref());
            assert_eq!(own("text").unwrap_or_default(), send.text);
        }
        ClientFrame::Ping { at } => assert_eq!((own("type"), &json["at"]), (Some("ping"), at)),
        ClientFrame::Unknown { id } => assert_eq!(own("id"), id.as_deref()),
    }
}
