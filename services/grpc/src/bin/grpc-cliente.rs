//! The program `grpc-cliente`.

fn main() -> std::process::ExitCode {
    runtime::main::<grpc::Cliente>()
}
