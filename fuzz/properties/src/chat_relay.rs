//! A peer's request: its headers are read as they are written again, its body is an object with a
//! message or is refused with what is wrong, and no signature holds but ours, for nothing but what
//! was signed.

use chat::wire::relay::{
    CHAT_EPOCH, CHAT_ID, CHAT_ORIGIN, CHAT_SEQUENCE, Keys, RelayHeaders, SignatureError,
    WEBHOOK_ID, WEBHOOK_SIGNATURE, WEBHOOK_TIMESTAMP, read_body,
};
use http::{HeaderMap, HeaderValue};
use runtime::settings::FromSetting;

use crate::lines::lines;

const NOW: u64 = 1_700_000_000;
const TOLERANCE: u64 = 300;

/// Panics where it does not hold of these: seven lines of headers, and the body.
pub fn check(sent: &[u8]) {
    let (values, body) = lines::<7>(sent);
    let names = [
        CHAT_ID,
        CHAT_ORIGIN,
        CHAT_EPOCH,
        CHAT_SEQUENCE,
        WEBHOOK_ID,
        WEBHOOK_TIMESTAMP,
        WEBHOOK_SIGNATURE,
    ];
    let mut headers = HeaderMap::new();
    for (name, value) in names.into_iter().zip(values) {
        if let Some(value) = HeaderValue::from_bytes(value)
            .ok()
            .filter(|value| !value.is_empty())
        {
            headers.insert(name, value);
        }
    }
    if let Ok(Some(relayed)) = RelayHeaders::read(&headers) {
        let mut again = HeaderMap::new();
        relayed.write(&mut again);
        assert_eq!(RelayHeaders::read(&again), Ok(Some(relayed)));
    }
    match read_body(body) {
        Ok(read) => {
            let json = serde_json::to_vec(&read).expect("a text");
            assert_eq!(read_body(&json), Ok(read));
        }
        Err(detail) => assert!(detail["detail"][0]["msg"].is_string(), "{detail}"),
    }
    only_what_was_signed_holds(&mut headers, body);
}

fn only_what_was_signed_holds(headers: &mut HeaderMap, body: &[u8]) {
    let keys = Keys::from_setting("a secret of the peers").expect("it is long enough");
    let check = |headers: &HeaderMap, body: &[u8]| keys.check(headers, body, NOW, TOLERANCE);
    assert!(matches!(
        check(headers, body),
        Err(SignatureError::Unsigned | SignatureError::Wrong)
    ));
    let id = "a:b:1:c";
    keys.sign(headers, id, NOW, body);
    assert_eq!(
        check(headers, body).map(|signature| signature.id),
        Ok(id.to_owned())
    );
    let longer = [body, b" "].concat();
    assert_eq!(check(headers, &longer), Err(SignatureError::Wrong));
    headers.insert(WEBHOOK_ID, HeaderValue::from_static("a:b:2:c"));
    assert_eq!(check(headers, body), Err(SignatureError::Wrong));
}
