//! Prints the gateway's OpenAPI document, as `openapi.json` beside `Cargo.toml` keeps it.

use std::io::Write;

fn main() -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{:#}", grpc::gateway::document())
}
