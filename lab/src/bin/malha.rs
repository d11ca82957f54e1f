//! What plain `cargo run` starts: every service on this machine. See `malha --help`.

fn main() -> std::process::ExitCode {
    malloc_trim::keep_large_apart(); // what large exports are decompressed in
    lab::main()
}
