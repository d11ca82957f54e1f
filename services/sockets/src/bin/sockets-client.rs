//! The program `sockets-client`.

fn main() -> std::process::ExitCode {
    runtime::main::<sockets::Client>()
}
