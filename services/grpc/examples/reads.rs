//! How many users a second the store in Redis reads, without gRPC around it. `bench/grpc/run` sets it
//! beside `redis-benchmark`; spans are off, as nobody takes them.
//!
//!     reads REDIS_URL CALLERS SECONDS < ids
//!
//! Each caller has one read under way. Prints reads a second, and how many failed.

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use grpc::Servidor;
use grpc::domain::UserId;
use grpc::store::Store;
use testing::{TestLifecycle, settings};
use tokio::task::JoinSet;

// As the server has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [redis, callers, seconds] = &arguments[..] else {
        bail!("reads REDIS_URL CALLERS SECONDS < ids");
    };
    let callers: usize = callers.parse().context("CALLERS")?;
    let patience = Duration::from_secs(seconds.parse().context("SECONDS")?);
    let mut ids = String::new();
    std::io::stdin().read_to_string(&mut ids)?;
    let ids: Option<Vec<UserId>> = ids.lines().map(UserId::parse).collect();
    let ids = ids.context("a line of the input is no user's id")?;

    let lifecycle = TestLifecycle::default();
    let settings = settings::<Servidor>(&[("REDIS_URL", redis), ("REDIS_TIMEOUT", "3s")]);
    let store = Store::open(
        settings.redis.clone(),
        settings.rules(),
        lifecycle.lifecycle(),
    )?;
    let mut ready = lifecycle.lifecycle().readiness().watch();
    ready.wait_for(|ready| *ready).await?;

    let (began, ids) = (Instant::now(), Arc::new(ids));
    let mut callers: JoinSet<_> = (0..callers)
        .map(|caller| {
            let (store, ids) = (store.clone(), Arc::clone(&ids));
            async move {
                let (mut read, mut failed) = (0_u64, 0_u64);
                for id in ids.iter().cycle().skip(caller * 7) {
                    if began.elapsed() >= patience {
                        break;
                    }
                    match store.get(*id).await {
                        Ok(_) => read += 1,
                        Err(_) => failed += 1,
                    }
                }
                (read, failed)
            }
        })
        .collect();
    let (mut all_read, mut all_failed) = (0, 0);
    while let Some(joined) = callers.join_next().await {
        let (read, failed) = joined?;
        (all_read, all_failed) = (all_read + read, all_failed + failed);
    }
    let a_second = u128::from(all_read) * 1_000_000 / began.elapsed().as_micros();
    writeln!(std::io::stdout(), "{a_second} {all_failed}")?;
    Ok(())
}
