//! The program `desafio1-client`.

fn main() -> std::process::ExitCode {
    runtime::main::<desafio1::Client>()
}
