//! The program `grpc-servidor`.

// Why not the C library's: docs/architecture.md.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    malloc_trim::for_mimalloc();
    runtime::main::<grpc::Servidor>()
}
