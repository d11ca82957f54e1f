//! Faults of Redis, under whoever keeps something in it.

use testing::RedisServer;

use crate::row::{Promise, Row};
use crate::timeline::under_load;
use crate::world::{Parts, World};

/// The exercises that keep something in Redis, each of which has its own broken and mended.
pub(crate) async fn broken(
    world: &World,
    promise: Promise,
    fault: impl AsyncFn(&mut RedisServer),
) -> anyhow::Result<Vec<Row>> {
    let subjects = world.with_redis().await?;
    under_load(world, subjects, promise, async |parts: &mut Parts| {
        if let Some(redis) = &mut parts.redis {
            fault(redis).await;
        }
    })
    .await
}

/// Says something to Redis that it must take.
pub(crate) fn asked(redis: &RedisServer, command: &[&str]) {
    let answer = redis.ask(command);
    assert_eq!(answer.as_deref(), Some("OK"), "{command:?}");
}
