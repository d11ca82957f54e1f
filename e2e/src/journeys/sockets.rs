//! sockets: somebody sends a number over a plain socket, and looks at what the client does.

use super::{Caller, Journey, Trip, journey};
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

async fn send(trip: &Trip, request: &[u8]) -> Result<String, Failure> {
    let missing = || Failure::Wrong("SOCKETS_ADDRESS is not set".to_owned());
    tcp::exchange(trip.target.sockets.as_deref().ok_or_else(missing)?, request).await
}

async fn parity(trip: Trip) -> Result<(), Failure> {
    same("17", send(&trip, &[0, 17]).await?.as_str(), "ÍMPAR")?;
    same(
        "1000",
        send(&trip, &1000_u16.to_be_bytes()).await?.as_str(),
        "PAR",
    )
}

async fn decimal(trip: Trip) -> Result<(), Failure> {
    for number in [1_000_000_000_u64, u64::MAX] {
        let answer = send(&trip, &number.to_be_bytes()).await?;
        same("a large number", answer, number.to_string())?;
    }
    Ok(())
}

async fn over_tcp(trip: Trip) -> Result<(), Failure> {
    let caller = Caller::random();
    let request = [tcp::header(&caller)?, vec![0, 18]].concat();
    same("18", send(&trip, &request).await?.as_str(), "PAR")?;
    let span = trip.only_span(&caller).await?;
    shaped(
        std::slice::from_ref(&span),
        "sockets-server server classify",
    )?;
    span.has("network.transport", "tcp")
}

async fn clients_trace(trip: Trip) -> Result<(), Failure> {
    trip.newest_trace("sockets-client", NUMBER).await?;
    Ok(())
}
