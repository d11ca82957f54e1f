//! sockets: somebody sends a number over a plain socket, and looks at what the client does.

use super::{Context, Journey, journey};
use crate::caller::Caller;
use crate::tree::shaped;
use crate::{Failure, same, tcp};

/// The journeys of this exercise, in the order in which they are run.
pub const JOURNEYS: &[Journey] = &[
    journey!(
        "sockets",
        "a plain socket that sends a number is told whether it is even",
        parity
    ),
    journey!(
        "sockets",
        "a number of ten digits or more comes back in decimal",
        decimal
    ),
    journey!(
        "sockets",
        "a trace goes on over a bare socket, in a PROXY header",
        over_tcp
    ),
    journey!(
        "sockets",
        "the client's number is one trace over both services",
        clients_trace
    ),
];

/// The tree of one number.
pub const NUMBER: &str = "\
sockets-client internal send number
  sockets-client client classify
    sockets-server server classify";

async fn send(context: &Context, request: &[u8]) -> Result<String, Failure> {
    let missing = || Failure::Wrong("SOCKETS_ADDRESS is not set".to_owned());
    tcp::exchange(
        context.target.sockets.as_deref().ok_or_else(missing)?,
        request,
    )
    .await
}

async fn parity(context: Context) -> Result<(), Failure> {
    same("17", send(&context, &[0, 17]).await?.as_str(), "ÍMPAR")?;
    same(
        "1000",
        send(&context, &1000_u16.to_be_bytes()).await?.as_str(),
        "PAR",
    )
}

async fn decimal(context: Context) -> Result<(), Failure> {
    for number in [1_000_000_000_u64, u64::MAX] {
        let answer = send(&context, &number.to_be_bytes()).await?;
        same("a large number", answer, number.to_string())?;
    }
    Ok(())
}

async fn over_tcp(context: Context) -> Result<(), Failure> {
    let caller = Caller::random();
    let request = [tcp::header(&caller)?, vec![0, 18]].concat();
    same("18", send(&context, &request).await?.as_str(), "PAR")?;
    let span = context.only_span(&caller).await?;
    shaped(
        std::slice::from_ref(&span),
        "sockets-server server classify",
    )?;
    span.has("network.transport", "tcp")
}

async fn clients_trace(context: Context) -> Result<(), Failure> {
    context.newest_trace("sockets-client", NUMBER).await?;
    Ok(())
}
