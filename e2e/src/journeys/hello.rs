//! hello: somebody sends a name over a plain socket, and looks at what the client does.

use super::{Context, Journey, journey};
use crate::caller::Caller;
use crate::tree::shaped;
use crate::{Failure, same, tcp};

/// The journeys of this exercise, in the order in which they are run.
pub const JOURNEYS: &[Journey] = &[
    journey!(
        "hello",
        "a plain socket that sends a name is greeted by it",
        greeting
    ),
    journey!(
        "hello",
        "a name that cannot be one is refused with a reason",
        refusal
    ),
    journey!(
        "hello",
        "a trace goes on over a bare socket, in a PROXY header",
        over_tcp
    ),
    journey!(
        "hello",
        "the client's call is one trace over both services",
        clients_trace
    ),
];

/// The tree of a call.
pub const CALL: &str = "\
hello-client internal say hello
  hello-client client hello
    hello-server server hello";

async fn say(context: &Context, request: &[u8]) -> Result<String, Failure> {
    let missing = || Failure::Wrong("HELLO_ADDRESS is not set".to_owned());
    tcp::exchange(
        context.target.hello.as_deref().ok_or_else(missing)?,
        request,
    )
    .await
}

async fn greeting(context: Context) -> Result<(), Failure> {
    for (name, wanted) in [("João", "Olá, João!"), ("李小龙\r\n", "Olá, 李小龙!")] {
        same(name, say(&context, name.as_bytes()).await?.as_str(), wanted)?;
    }
    Ok(())
}

async fn refusal(context: Context) -> Result<(), Failure> {
    for name in [&b"\x07"[..], b"\xff\xfe", b"\n"] {
        let answer = say(&context, name).await?;
        same(
            &format!("{name:?} is refused: {answer}"),
            answer.starts_with("Erro: "),
            true,
        )?;
    }
    Ok(())
}

async fn over_tcp(context: Context) -> Result<(), Failure> {
    let caller = Caller::random();
    let request = [tcp::header(&caller)?, "Ana".into()].concat();
    same(
        "answer",
        say(&context, &request).await?.as_str(),
        "Olá, Ana!",
    )?;
    let span = context.only_span(&caller).await?;
    shaped(std::slice::from_ref(&span), "hello-server server hello")?;
    span.has("network.transport", "tcp")
}

async fn clients_trace(context: Context) -> Result<(), Failure> {
    context.newest_trace("hello-client", CALL).await?;
    Ok(())
}
