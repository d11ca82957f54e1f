//! Names of the semantic conventions, v1.45.0, that the spans here use.
//!
//! Kept here because the published crate follows the conventions some versions behind.

/// What went wrong, as one of few names.
pub const ERROR_TYPE: &str = "error.type";
/// Method of a request, `_OTHER` where it is not a known one.
pub const HTTP_REQUEST_METHOD: &str = "http.request.method";
/// The method as it was sent, where it is not a known one.
pub const HTTP_REQUEST_METHOD_ORIGINAL: &str = "http.request.method_original";
/// Status code of an answer, an integer.
pub const HTTP_RESPONSE_STATUS_CODE: &str = "http.response.status_code";
/// The route's template, as in `/usuarios/{id}`.
pub const HTTP_ROUTE: &str = "http.route";
/// The scheme, `http`.
pub const URL_SCHEME: &str = "url.scheme";
/// The path that was asked for.
pub const URL_PATH: &str = "url.path";
/// The query that was asked with, without its `?`.
pub const URL_QUERY: &str = "url.query";
/// The whole URL, without a user's name and password.
pub const URL_FULL: &str = "url.full";
/// The server's name as the client knows it.
pub const SERVER_ADDRESS: &str = "server.address";
/// The server's port, an integer.
pub const SERVER_PORT: &str = "server.port";
/// The client's address.
pub const CLIENT_ADDRESS: &str = "client.address";
/// Address of the other end of the connection.
pub const NETWORK_PEER_ADDRESS: &str = "network.peer.address";
/// Port of the other end of the connection, an integer.
pub const NETWORK_PEER_PORT: &str = "network.peer.port";
/// Transport, `tcp`.
pub const NETWORK_TRANSPORT: &str = "network.transport";
/// Application protocol.
pub const NETWORK_PROTOCOL_NAME: &str = "network.protocol.name";
/// Version of the application protocol.
pub const NETWORK_PROTOCOL_VERSION: &str = "network.protocol.version";
/// Which system calls procedures, `grpc`.
pub const RPC_SYSTEM_NAME: &str = "rpc.system.name";
/// The method that is called, as in `package.Service/Method`; `_OTHER` where it is not a known one.
pub const RPC_METHOD: &str = "rpc.method";
/// The method as it was called, where it is not a known one.
pub const RPC_METHOD_ORIGINAL: &str = "rpc.method_original";
/// How a call ended, as in `NOT_FOUND`.
pub const RPC_STATUS_CODE: &str = "rpc.status_code";
/// Which database, `redis`.
pub const DB_SYSTEM_NAME: &str = "db.system.name";
/// The number of the database, as text.
pub const DB_NAMESPACE: &str = "db.namespace";
/// The command, as in `HMGET`.
pub const DB_OPERATION_NAME: &str = "db.operation.name";
/// The script that is run.
pub const DB_STORED_PROCEDURE_NAME: &str = "db.stored_procedure.name";
/// What the database refuses a command with, as in `NOSCRIPT`.
pub const DB_RESPONSE_STATUS_CODE: &str = "db.response.status_code";
/// What the client says of itself.
pub const USER_AGENT_ORIGINAL: &str = "user_agent.original";

/// A method as the conventions want it: a known one, or `_OTHER`.
pub fn http_method(method: &http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "PATCH" => "PATCH",
        "OPTIONS" => "OPTIONS",
        "CONNECT" => "CONNECT",
        "TRACE" => "TRACE",
        _ => "_OTHER",
    }
}

/// The protocol's version as the conventions write it, as in `1.1`.
pub fn http_version(version: http::Version) -> &'static str {
    match version {
        http::Version::HTTP_09 => "0.9",
        http::Version::HTTP_10 => "1.0",
        http::Version::HTTP_2 => "2",
        http::Version::HTTP_3 => "3",
        _ => "1.1",
    }
}

/// What a method gives to a span's name: itself, or `HTTP` where it is not a known one.
pub fn http_span_method(method: &'static str) -> &'static str {
    if method == "_OTHER" { "HTTP" } else { method }
}
