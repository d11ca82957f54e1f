//! `chat`: one of the two services of the exercise.

fn main() -> std::process::ExitCode {
    runtime::main::<chat::Chat>()
}
