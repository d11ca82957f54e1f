//! The gRPC interfaces of Malha: messages, clients and servers, made from `*.proto` beside this crate.

pub mod codec;

/// Users.
pub mod usuarios {
    /// The first version of the interface.
    #[allow(warnings, clippy::pedantic, reason = "generated code")]
    pub mod v1 {
        tonic::include_proto!("usuarios.v1");
    }
}

/// Every interface here as a `google.protobuf.FileDescriptorSet`, for the reflection service.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
