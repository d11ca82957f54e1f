//! What passes between two programs: the bytes of a TCP connection as messages, layer by layer.
//!
//! No sockets and no clock: bytes come in by [`Conversation::push`], in the order in which they
//! passed, and messages come out. What cannot be understood comes out as bytes; nothing is lost, and
//! nothing panics.
//!
//! # Layout
//! - [`Message`], [`Layer`], [`Field`] (`message.rs`): what comes out.
//! - [`Conversation`] (`conversation.rs`): one connection; which protocol it speaks.
//! - `buffer.rs`: what waits of one side.
//! - `proxy.rs`: the PROXY protocol, version 2, and a trace's context in it.
//! - `http1.rs`: HTTP/1.1, and the way to a WebSocket.
//! - `fields.rs`: where each field of HTTP is described.
//! - `websocket.rs`: frames of a WebSocket.
//! - `http2.rs`: frames of HTTP/2 with their headers.
//! - `grpc.rs`: gRPC messages in them.
//! - [`Call`] (`call.rs`): what of them is to be understood later.
//! - [`Descriptors`] (`descriptors.rs`): what gRPC messages are made of, given or learnt.
//! - `pieces.rs`: messages put together from frames, within bounds.
//! - `packed.rs`: those that are compressed.
//! - `hpack.rs`, `protobuf.rs`: where each header and each field of these stands.
//! - `resp.rs`: commands and replies of Redis.
//! - `raw.rs`: text and numbers without a protocol.
//! - `secret.rs`: which values nobody may see.

mod buffer;
mod call;
mod conversation;
mod descriptors;
mod fields;
mod grpc;
mod hpack;
mod http1;
mod http2;
mod message;
mod packed;
mod pieces;
mod protobuf;
mod proxy;
mod raw;
mod resp;
mod secret;
mod websocket;

pub use call::Call;
pub use conversation::Conversation;
pub use descriptors::{Descriptors, file_name, imports};
pub use message::{By, Field, Layer, Message, Side, TraceContext};
