//! Compiles the .proto files of this folder, without protoc: protox is a compiler in Rust.

use std::path::PathBuf;
use std::{env, fs, io};

use protox::prost::Message;

const FILES: [&str; 1] = ["usuarios/v1/usuarios.proto"];

fn main() -> io::Result<()> {
    for file in FILES {
        println!("cargo:rerun-if-changed={file}");
    }
    let descriptors = protox::compile(FILES, ["."]).map_err(io::Error::other)?;
    #[expect(
        clippy::disallowed_methods,
        reason = "cargo says by environment where to write"
    )]
    let out = env::var_os("OUT_DIR")
        .map(PathBuf::from)
        .ok_or_else(|| io::Error::other("OUT_DIR is not set"))?;
    // For the reflection service, with comments.
    fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure()
        .codec_path("crate::codec::SmallBuffers")
        .compile_fds(descriptors)
}
