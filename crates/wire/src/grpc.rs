//! gRPC messages in the frames that carry them.

use prost_reflect::{DynamicMessage, MessageDescriptor};

use crate::call::Call;
use crate::descriptors::{Descriptors, Known};
use crate::message::{Field, Layer, Message, Side, hex, short};
use crate::packed::Packing;
use crate::pieces::Piece;
use crate::protobuf;

/// What stands in a frame, as far as it was understood.
#[derive(Debug, Default)]
pub(crate) struct Understood {
    pub(crate) layers: Vec<Layer>,
    pub(crate) text: Option<String>,
    pub(crate) call: Option<Call>,
}

/// Understands the messages of a frame of a call.
pub(crate) fn understand(
    pieces: Vec<Piece>,
    path: &str,
    side: Side,
    descriptors: &Descriptors,
) -> Understood {
    let names = path.strip_prefix('/').and_then(|path| path.split_once('/'));
    let known = names.and_then(|(service, method)| descriptors.of(service, method, side));
    let (is_known, is_learnt) = match &known {
        Some(known) => (true, known.is_learnt),
        None => (false, false),
    };
    let descriptor = known.map(|Known { descriptor, .. }| descriptor);
    let (layers, text) = explained(&pieces, descriptor.as_ref());
    let readable = pieces.iter().any(|piece| piece.packing.is_open());
    let is_foreign = (is_learnt || !is_known) && readable;
    let call = names.filter(|_| is_foreign).map(|(service, method)| Call {
        service: service.to_owned(),
        method: method.to_owned(),
        is_known,
        pieces: if is_known { Vec::new() } else { pieces },
    });
    Understood { layers, text, call }
}

impl Message {
    /// Understands what was not understood when it came, now that more is known. Says whether it
    /// was.
    pub fn explain(&mut self, descriptors: &Descriptors) -> bool {
        let Some(call) = self.call.as_mut().filter(|call| !call.is_known) else {
            return false;
        };
        let Some(known) = descriptors.of(&call.service, &call.method, self.side) else {
            return false;
        };
        call.is_known = true;
        let pieces = std::mem::take(&mut call.pieces);
        let (layers, text) = explained(&pieces, Some(&known.descriptor));
        self.layers.retain(|layer| !LAYERS.contains(&layer.name));
        self.layers.extend(layers);
        if let Some(text) = &text {
            let name = self.summary.split(": ").next().unwrap_or_default();
            self.summary = short(&format!("{name}: {text}"));
        }
        self.text = text;
        true
    }

    /// What it takes beside what is seen of it.
    pub fn kept_for_later(&self) -> usize {
        let pieces = self.call.iter().flat_map(|call| &call.pieces);
        pieces.map(|piece| 64 + piece.content.len()).sum()
    }
}

const LAYERS: [&str; 2] = ["gRPC message", "Protocol Buffers"];

fn explained(
    pieces: &[Piece],
    descriptor: Option<&MessageDescriptor>,
) -> (Vec<Layer>, Option<String>) {
    let (mut layers, mut texts) = (Vec::new(), Vec::new());
    for piece in pieces {
        let text = text(piece, descriptor);
        layers.push(envelope(piece, &text));
        if let Some((start, fields)) = inside(piece, descriptor)
            && !fields.is_empty()
        {
            layers.push(Layer {
                name: LAYERS[1],
                section: "protobuf.dev, Encoding",
                start,
                end: piece.to,
                fields,
            });
        }
        texts.push(text);
    }
    let text = (!texts.is_empty()).then(|| texts.join("\n"));
    (layers, text)
}

/// The fields of a message, and where they begin. What was compressed has no places of its own.
fn inside(piece: &Piece, descriptor: Option<&MessageDescriptor>) -> Option<(usize, Vec<Field>)> {
    if let Some(at) = piece.content_at {
        return Some((at, protobuf::fields(&piece.content, at, descriptor)?));
    }
    if !matches!(piece.packing, Packing::Unpacked(..)) {
        return None;
    }
    let start = (piece.from + 5).min(piece.to);
    let mut fields = protobuf::fields(&piece.content, 0, descriptor)?;
    for field in &mut fields {
        (field.start, field.end) = (start, piece.to);
    }
    Some((start, fields))
}

fn envelope(piece: &Piece, text: &str) -> Layer {
    let &Piece { from, to, .. } = piece;
    let passed = piece.packing.passed(&piece.content);
    let part = |start: usize, end: usize| ((from + start).min(to), (from + end).min(to));
    let field = |name: &str, value: String, (start, end): (usize, usize)| {
        Field::new(name, value, start, end)
    };
    Layer {
        name: LAYERS[0],
        section: "gRPC over HTTP2, Length-Prefixed-Message",
        start: from,
        end: to,
        fields: vec![
            field(
                "compressed",
                piece.packing.shown(&piece.content),
                part(0, 1),
            ),
            field("length", passed.to_string(), part(1, 5)),
            field("message", text.to_owned(), (part(5, 5).0, to)),
        ],
    }
}

fn text(piece: &Piece, descriptor: Option<&MessageDescriptor>) -> String {
    let content = &piece.content;
    let Some(descriptor) = descriptor.filter(|_| piece.packing.is_open()) else {
        return hex(content.get(..64).unwrap_or(content));
    };
    let name = descriptor.name().to_owned();
    DynamicMessage::decode(descriptor.clone(), &**content).map_or_else(
        |_| format!("{name}, not understood: {}", hex(content)),
        |decoded| format!("{name} {{{}}}", unescaped(&decoded.to_text_format())),
    )
}

/// The text format writes what is not ASCII as bytes in octal; people read letters.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let octal = after.get(..3).filter(|_| *first == b'\\');
        let octal = octal.and_then(|digits| std::str::from_utf8(digits).ok());
        let octal = octal.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        if let Some(byte) = octal.filter(|byte| *byte >= 0x80) {
            bytes.push(byte);
            rest = after.get(3..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_a_message_are_shown_as_letters() {
        assert_eq!(unescaped(r#"nome:"Zo\303\253\n""#), r#"nome:"Zoë\n""#);
        assert_eq!(unescaped("\\30"), "\\30");
    }
}
