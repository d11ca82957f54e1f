//! The program `hello-client`.

fn main() -> std::process::ExitCode {
    runtime::main::<hello::Client>()
}
