//! What plain `cargo run` starts: every service on this machine. See `malha --help`.

fn main() -> std::process::ExitCode {
    lab::main()
}
