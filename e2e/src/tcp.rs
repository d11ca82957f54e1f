//! A plain TCP client, as a person would write one, and the header that carries a trace.
//!
//! Written from `proto/trace-context-tcp.md` alone, without the services' own code.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Failure;
use crate::caller::Caller;

const PATIENCE: Duration = Duration::from_secs(10);

/// Sends bytes to `host:port`, ends the sending side, and reads the answer to its end.
pub async fn exchange(address: &str, request: &[u8]) -> Result<String, Failure> {
    let failed = |error: std::io::Error| Failure::Wrong(format!("{address}: {error}"));
    let spoken = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(request).await?;
        stream.shutdown().await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    };
    match tokio::time::timeout(PATIENCE, spoken).await {
        Ok(answer) => answer.map_err(failed),
        Err(_) => Err(Failure::Never(format!("an answer from {address}"))),
    }
}

/// The PROXY protocol v2 header (LOCAL) with the caller's context in a TLV of type 0xE0.
pub fn header(caller: &Caller) -> Result<Vec<u8>, Failure> {
    let bytes = |hex: &str| -> Result<Vec<u8>, Failure> {
        let digits = (0..hex.len()).step_by(2);
        digits
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16))
            .collect::<Result<_, _>>()
            .map_err(|error| Failure::Wrong(format!("{hex}: {error}")))
    };
    let mut header = b"\r\n\r\n\0\r\nQUIT\n".to_vec();
    header.extend([0x20, 0x00, 0, 29, 0xe0, 0, 26, 0]);
    header.extend(bytes(&caller.trace_id)?);
    header.extend(bytes(&caller.span_id)?);
    header.push(1);
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_sixteen_bytes_and_one_tlv_of_twenty_six() {
        let header = header(&Caller::random()).unwrap();
        assert_eq!(header.len(), 16 + 3 + 26);
        assert_eq!(usize::from(header[15]), header.len() - 16);
    }
}
