//! The codec of the generated clients and servers.

use std::marker::PhantomData;

use prost::Message;
use tonic::codec::{BufferSettings, Codec};
use tonic_prost::ProstCodec;

/// tonic's codec for prost, with a smaller buffer for each message.
///
/// tonic begins every message with 8 KiB, its answer with as much again. A user takes 150 bytes, and what
/// takes more has its buffer grow.
#[derive(Clone, Copy, Debug)]
pub struct SmallBuffers<T, U>(PhantomData<(T, U)>);

/// Bytes of a buffer at its beginning: three users' worth, and what an allocator has at hand.
const BEGINNING: usize = 512;

/// Bytes of a stream's messages that are sent together at most; as tonic has it.
const TOGETHER: usize = 32 * 1024;

impl<T, U> Default for SmallBuffers<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> Codec for SmallBuffers<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = <ProstCodec<T, U> as Codec>::Encoder;
    type Decoder = <ProstCodec<T, U> as Codec>::Decoder;

    fn encoder(&mut self) -> Self::Encoder {
        ProstCodec::<T, U>::raw_encoder(buffers())
    }

    fn decoder(&mut self) -> Self::Decoder {
        ProstCodec::<T, U>::raw_decoder(buffers())
    }
}

fn buffers() -> BufferSettings {
    BufferSettings::new(BEGINNING, TOGETHER)
}
