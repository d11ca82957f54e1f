//! What a client sends: frames out of whatever pieces they come in.

use super::{MAX_CONTROL, Opcode, is_sendable_close_code};

/// What a client said.
#[derive(Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A whole message of text.
    Text(String),
    /// A ping, to be answered with the same bytes.
    Ping(Vec<u8>),
    /// A pong.
    Pong,
    /// The end, with its code; none where it gave none.
    Close(Option<u16>),
}

/// What a client must not send. Nothing that comes after it means anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// Not RFC 6455.
    #[error("no frame of RFC 6455")]
    Protocol,
    /// Bytes, where only text is taken.
    #[error("a frame of bytes instead of text")]
    Binary,
    /// A text, or the reason of a close.
    #[error("text that is not UTF-8")]
    NotUtf8,
    /// A message of more bytes than allowed.
    #[error("a message of more than {0} bytes")]
    TooBig(usize),
}

/// Reads the frames of one client. Between messages it holds no memory.
#[derive(Debug)]
pub struct FrameReader {
    /// Bytes of a message.
    largest: usize,
    /// What came and was not read yet.
    came: Vec<u8>,
    /// Where that begins.
    at: usize,
    /// The message whose fragments are coming.
    message: Option<Vec<u8>>,
}

/// The head of a frame.
#[derive(Clone, Copy)]
struct Head {
    is_final: bool,
    opcode: Opcode,
    mask: [u8; 4],
    /// Its own length.
    head: usize,
    /// That of the payload.
    payload: usize,
}

impl FrameReader {
    /// A reader of messages of at most so many bytes.
    pub fn new(largest: usize) -> Self {
        Self {
            largest,
            came: Vec::new(),
            at: 0,
            message: None,
        }
    }

    /// Takes what came.
    pub fn push_bytes(&mut self, bytes: &[u8]) {
        self.came.drain(..self.at);
        self.at = 0;
        self.came.extend_from_slice(bytes);
    }

    /// The next thing said, once it has come whole.
    pub fn next_message(&mut self) -> Result<Option<Incoming>, Wrong> {
        loop {
            let Some(head) = self.head()? else {
                return Ok(None);
            };
            let start = self.at + head.head;
            let Some(payload) = self.came.get_mut(start..start + head.payload) else {
                return Ok(None);
            };
            for four in payload.chunks_mut(4) {
                for (byte, mask) in four.iter_mut().zip(head.mask) {
                    *byte ^= mask;
                }
            }
            self.at = start + head.payload;
            let heard = Self::said(head, payload, &mut self.message)?;
            if self.at == self.came.len() {
                (self.came, self.at) = (Vec::new(), 0);
            }
            if heard.is_some() {
                return Ok(heard);
            }
        }
    }

    /// The head of the next frame, if it has come; refused as early as it can be.
    fn head(&self) -> Result<Option<Head>, Wrong> {
        let came = &self.came[self.at..];
        let [first, second, rest @ ..] = came else {
            return Ok(None);
        };
        let (is_final, reserved) = (first & 0x80 != 0, first & 0x70 != 0);
        let (is_masked, short) = (second & 0x80 != 0, second & 0x7f);
        let Some(opcode) = Opcode::of(first & 0x0f) else {
            return Err(Wrong::Protocol);
        };
        let too_long = opcode.is_control() && (!is_final || usize::from(short) > MAX_CONTROL);
        let among_fragments = match opcode {
            Opcode::Continuation => self.message.is_none(),
            Opcode::Text | Opcode::Binary => self.message.is_some(),
            _ => false,
        };
        if reserved || !is_masked || too_long || among_fragments {
            return Err(Wrong::Protocol);
        }
        if opcode == Opcode::Binary {
            return Err(Wrong::Binary);
        }
        let (length, rest) = match short {
            126 => match rest.split_first_chunk() {
                Some((length, rest)) => (u64::from(u16::from_be_bytes(*length)), rest),
                None => return Ok(None),
            },
            127 => match rest.split_first_chunk() {
                Some((length, rest)) => (u64::from_be_bytes(*length), rest),
                None => return Ok(None),
            },
            short => (u64::from(short), rest),
        };
        let before = self.message.as_ref().map_or(0, Vec::len);
        let payload = match usize::try_from(length) {
            Ok(payload) if opcode.is_control() || payload <= self.largest - before => payload,
            _ => return Err(Wrong::TooBig(self.largest)),
        };
        let Some((mask, rest)) = rest.split_first_chunk() else {
            return Ok(None);
        };
        Ok(Some(Head {
            is_final,
            opcode,
            mask: *mask,
            head: came.len() - rest.len(),
            payload,
        }))
    }

    /// What a whole frame says; nothing where the message goes on.
    fn said(
        head: Head,
        payload: &[u8],
        message: &mut Option<Vec<u8>>,
    ) -> Result<Option<Incoming>, Wrong> {
        match head.opcode {
            Opcode::Ping => Ok(Some(Incoming::Ping(payload.to_vec()))),
            Opcode::Pong => Ok(Some(Incoming::Pong)),
            Opcode::Close => closing(payload).map(|code| Some(Incoming::Close(code))),
            Opcode::Continuation | Opcode::Text | Opcode::Binary => {
                let mut whole = message.take().unwrap_or_default();
                whole.extend_from_slice(payload);
                if !head.is_final {
                    *message = Some(whole);
                    return Ok(None);
                }
                let text = String::from_utf8(whole).map_err(|_| Wrong::NotUtf8)?;
                Ok(Some(Incoming::Text(text)))
            }
        }
    }
}

/// The code of a close (5.5.1).
fn closing(payload: &[u8]) -> Result<Option<u16>, Wrong> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        // Nothing, or one byte, which is half a code.
        return if payload.is_empty() {
            Ok(None)
        } else {
            Err(Wrong::Protocol)
        };
    };
    let code = u16::from_be_bytes(*code);
    if !is_sendable_close_code(code) {
        return Err(Wrong::Protocol);
    }
    str::from_utf8(reason).map_err(|_| Wrong::NotUtf8)?;
    Ok(Some(code))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio_tungstenite::tungstenite::protocol::Role;
    use tokio_tungstenite::tungstenite::{Message, WebSocket};

    use super::*;

    const LARGEST: usize = 16 * 1024;

    /// A masked frame, made by hand.
    fn sent(opcode: u8, payload: &[u8]) -> Vec<u8> {
        let mask = [1, 2, 3, 4];
        let length = u8::try_from(payload.len()).unwrap();
        assert!(length < 126);
        let masked = payload.iter().zip(mask.iter().cycle()).map(|(b, m)| b ^ m);
        [0x80 | opcode, 0x80 | length]
            .into_iter()
            .chain(mask)
            .chain(masked)
            .collect()
    }

    fn part(opcode: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = sent(opcode, payload);
        frame[0] &= 0x7f;
        frame
    }

    /// All that is heard when the bytes come in pieces of this size, and what was wrong at last.
    fn heard(bytes: &[u8], pieces: usize) -> (Vec<Incoming>, Option<Wrong>) {
        let mut reader = FrameReader::new(LARGEST);
        let mut all = Vec::new();
        for piece in bytes.chunks(pieces) {
            reader.push_bytes(piece);
            loop {
                match reader.next_message() {
                    Ok(Some(heard)) => all.push(heard),
                    Ok(None) => break,
                    Err(wrong) => return (all, Some(wrong)),
                }
            }
        }
        (all, None)
    }

    fn text(text: &str) -> Incoming {
        Incoming::Text(text.to_owned())
    }

    #[test]
    fn a_message_in_fragments_is_one_and_pings_may_come_between() {
        let split = "ç".as_bytes();
        let bytes = [
            part(1, &split[..1]),
            sent(9, b"p"),
            part(0, b""),
            sent(0, &split[1..]),
            sent(10, b""),
        ]
        .concat();
        let all = vec![Incoming::Ping(b"p".to_vec()), text("ç"), Incoming::Pong];
        assert_eq!(heard(&bytes, bytes.len()), (all, None));
    }

    #[test]
    fn what_the_rfc_forbids_is_refused_and_what_came_before_is_heard() {
        let mut unmasked = sent(1, b"a");
        unmasked[1] &= 0x7f;
        let mut reserved = sent(1, b"a");
        reserved[0] |= 0x40;
        for (wrong, expected) in [
            (unmasked, Wrong::Protocol),
            (reserved, Wrong::Protocol),
            (sent(3, b""), Wrong::Protocol),
            (sent(0, b"nothing to go on with"), Wrong::Protocol),
            (part(9, b"half a ping"), Wrong::Protocol),
            ([part(1, b"a"), sent(1, b"b")].concat(), Wrong::Protocol),
            (vec![0x89, 0xfe], Wrong::Protocol), // a ping of 126 bytes or more
            (sent(8, b"\x03"), Wrong::Protocol),
            (sent(8, &1005_u16.to_be_bytes()), Wrong::Protocol),
            (sent(8, b"\x03\xe8\xff"), Wrong::NotUtf8),
            (sent(1, b"\xff"), Wrong::NotUtf8),
            (sent(2, b"a"), Wrong::Binary),
        ] {
            let bytes = [sent(1, b"before"), wrong].concat();
            assert_eq!(
                heard(&bytes, bytes.len()),
                (vec![text("before")], Some(expected)),
                "{bytes:x?}"
            );
        }
    }

    #[test]
    fn a_length_beyond_the_limit_is_refused_before_the_payload_comes() {
        for length in [LARGEST as u64 + 1, 1 << 62, u64::MAX] {
            let head = [&[0x81, 0xff][..], &length.to_be_bytes()].concat();
            assert_eq!(heard(&head, 1), (vec![], Some(Wrong::TooBig(LARGEST))));
        }
        let second = u16::try_from(LARGEST).unwrap().to_be_bytes();
        let bytes = [&part(1, b"x")[..], &[0x80, 0xfe], &second].concat();
        assert_eq!(heard(&bytes, 3), (vec![], Some(Wrong::TooBig(LARGEST))));
    }

    #[test]
    fn every_code_that_iana_knows_is_sendable_close_code_and_no_other_below_3000() {
        let said: Vec<u16> = (0..3000)
            .filter(|code| is_sendable_close_code(*code))
            .collect();
        let known = (1000..=1003).chain(1007..=1014).collect::<Vec<_>>();
        assert_eq!(said, known);
        assert_eq!(
            heard(&sent(8, &1014_u16.to_be_bytes()), 9),
            (vec![Incoming::Close(Some(1014))], None)
        );
    }

    #[test]
    fn nothing_is_held_between_messages() {
        let mut reader = FrameReader::new(LARGEST);
        reader.push_bytes(&sent(1, b"a"));
        reader.next_message().unwrap();
        assert_eq!(
            (reader.came.capacity(), reader.next_message()),
            (0, Ok(None))
        );
    }

    proptest! {
        #[test]
        fn another_implementations_messages_are_read_in_whatever_pieces(
            texts in prop::collection::vec(".{0,200}", 1..5),
            long in 0_usize..LARGEST,
            pieces in 1_usize..40,
        ) {
            let mut client = WebSocket::from_raw_socket(std::io::Cursor::new(Vec::new()), Role::Client, None);
            let texts: Vec<String> = texts.into_iter().chain(["x".repeat(long)]).collect();
            for text in &texts {
                client.write(Message::Text(text.into())).unwrap();
            }
            client.flush().unwrap();
            let bytes = client.get_ref().get_ref().clone();
            let all = texts.into_iter().map(Incoming::Text).collect();
            prop_assert_eq!(heard(&bytes, pieces), (all, None));
        }

        #[test]
        fn whatever_comes_in_whatever_pieces_is_heard_alike(
            bytes in prop::collection::vec(any::<u8>(), 0..60),
            pieces in 1_usize..9,
        ) {
            let (one, wrong) = heard(&bytes, bytes.len().max(1));
            prop_assert_eq!(heard(&bytes, pieces), (one, wrong));
        }
    }
}
