//! The program `grpc-servidor`.

fn main() -> std::process::ExitCode {
    runtime::main::<grpc::Servidor>()
}
