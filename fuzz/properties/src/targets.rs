//! All targets by name.

use crate::{
    call_headers, chat_frames, chat_relay, chat_text, conversation, hello_name, jaeger_query,
    lab_faults, otlp_http, otlp_json, otlp_protobuf, proxy_header, sockets_number, tcp_pieces,
    toxics, users,
};

/// What must hold of some bytes.
pub struct Target {
    /// Its fuzz target, and the folder of its seeds.
    pub name: &'static str,
    /// Panics where it does not hold.
    pub check: fn(&[u8]),
}

/// Every target.
pub const TARGETS: [Target; 16] = [
    target("call_headers", call_headers::check),
    target("chat_frames", chat_frames::check),
    target("chat_relay", chat_relay::check),
    target("chat_text", chat_text::check),
    target("conversation", conversation::check),
    target("hello_name", hello_name::check),
    target("jaeger_query", jaeger_query::check),
    target("lab_faults", lab_faults::check),
    target("otlp_http", otlp_http::check),
    target("otlp_json", otlp_json::check),
    target("otlp_protobuf", otlp_protobuf::check),
    target("proxy_header", proxy_header::check),
    target("sockets_number", sockets_number::check),
    target("tcp_pieces", tcp_pieces::check),
    target("toxics", toxics::check),
    target("users", users::check),
];

const fn target(name: &'static str, check: fn(&[u8])) -> Target {
    Target { name, check }
}
