//! The program `sockets-server`.

fn main() -> std::process::ExitCode {
    runtime::main::<sockets::Server>()
}
