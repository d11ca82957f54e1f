//! The program `desafio1-servidor`.

fn main() -> std::process::ExitCode {
    runtime::main::<desafio1::Servidor>()
}
