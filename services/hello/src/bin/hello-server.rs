//! The program `hello-server`.

fn main() -> std::process::ExitCode {
    runtime::main::<hello::Server>()
}
