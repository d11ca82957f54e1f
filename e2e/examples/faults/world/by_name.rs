//! Exercises that look their servers up by names of ours.

use std::net::SocketAddr;
use std::sync::Arc;

use testing::RedisServer;

use super::{DURABLE, How, MESSAGE, Parts, Subject, World};
use crate::load::{Load, Printed};
use crate::names::{Named, Names, Places};

/// Those with connections that last, and those that connect anew for each call.
pub(crate) struct ByName {
    pub(crate) lasting: Vec<Subject>,
    pub(crate) clients: Vec<Subject>,
}

/// How often clients that ask again and again do so, and how long they wait while their server is away.
const EAGER: [(&str, &str); 2] = [("INTERVAL", "50ms"), ("MAX_BACKOFF", "200ms")];

impl ByName {
    pub(crate) fn all(self) -> Vec<Subject> {
        self.lasting.into_iter().chain(self.clients).collect()
    }
}

impl World {
    /// All that look a name up; none where this machine does not let us answer.
    pub(crate) async fn by_name(&self) -> anyhow::Result<Option<ByName>> {
        let Some(first) = self.names().await? else {
            return Ok(None);
        };
        let mut hows = vec![first];
        while hows.len() < 7 {
            hows.extend(self.names().await?);
        }
        let [gateway, grpc, chat, chat_in_redis, desafio1, hello, sockets] = &hows[..] else {
            anyhow::bail!("seven exercises need seven servers of names");
        };
        let (gateway, grpc, chat, chat_in_redis, desafio1, hello, sockets) = tokio::try_join!(
            self.gateway_by_name(gateway),
            self.users_by_name(grpc),
            self.chat(chat),
            self.chat_in_redis_by_name(chat_in_redis),
            self.client("desafio1", desafio1),
            self.client("hello", hello),
            self.client("sockets", sockets),
        )?;
        Ok(Some(ByName {
            lasting: vec![gateway, grpc, chat, chat_in_redis],
            clients: vec![desafio1, hello, sockets],
        }))
    }

    async fn names(&self) -> anyhow::Result<Option<How>> {
        let names = Names::start(self.full).await?;
        Ok(names.map(|names| How {
            names: Some(Arc::new(names)),
            ..How::default()
        }))
    }

    /// A name for what listens there, if services look names up.
    pub(super) async fn named(
        &self,
        name: &'static str,
        how: &How,
        upstream: SocketAddr,
    ) -> anyhow::Result<Option<Named>> {
        let Some(names) = &how.names else {
            return Ok(None);
        };
        let (places, port) = (Places::find(), testing::address().port());
        let upstream = upstream.to_string();
        let first = self.link_at(name, SocketAddr::from((places.first, port)), &upstream);
        let second = self.link_at(name, SocketAddr::from((places.second, port)), &upstream);
        first.enable().await?;
        names.set(name, &[places.first]);
        Ok(Some(Named {
            name,
            port,
            names: Arc::clone(names),
            first,
            second,
            places,
        }))
    }

    async fn gateway_by_name(&self, how: &How) -> anyhow::Result<Subject> {
        let servidor = self.service("grpc-servidor", how, &[]);
        let named = self.named("servidor.test", how, servidor.address).await?;
        let server = named.as_ref().map(Named::address).unwrap_or_default();
        let mut subject = self.gateway_to(servidor, &server, how).await?;
        subject.exercise = "grpc, gateway to server";
        subject.parts.named = named.into_iter().collect();
        Ok(subject)
    }

    async fn redis_by_name(&self, how: &How) -> anyhow::Result<(RedisServer, Vec<Named>, String)> {
        let redis = RedisServer::start(&DURABLE).await;
        let address = SocketAddr::from(([127, 0, 0, 1], redis.port()));
        let named: Vec<_> = self
            .named("redis.test", how, address)
            .await?
            .into_iter()
            .collect();
        let url = named
            .iter()
            .map(|named| format!("redis://{}", named.address()));
        let url = url.collect();
        Ok((redis, named, url))
    }

    async fn users_by_name(&self, how: &How) -> anyhow::Result<Subject> {
        let (redis, named, url) = self.redis_by_name(how).await?;
        let mut subject = self.users_in(how, &[("REDIS_URL", &url)]).await?;
        subject.exercise = "grpc, server to Redis";
        subject.parts.redis = Some(redis);
        subject.parts.named = named;
        Ok(subject)
    }

    async fn chat_in_redis_by_name(&self, how: &How) -> anyhow::Result<Subject> {
        let (redis, named, url) = self.redis_by_name(how).await?;
        let mut subject = self.two_chats(how, &[("REDIS_URL", &url)]).await?;
        subject.exercise = "chat, to its peer and Redis";
        subject.parts.redis = Some(redis);
        subject.parts.named.extend(named);
        Ok(subject)
    }

    /// One of our clients that ask again and again.
    async fn client(&self, exercise: &'static str, how: &How) -> anyhow::Result<Subject> {
        let (server, client, name) = match exercise {
            "hello" => ("hello-server", "hello-client", "server.test"),
            "sockets" => ("sockets-server", "sockets-client", "server.test"),
            _ => ("desafio1-servidor", "desafio1-client", "servidor.test"),
        };
        let mut server = self.service(server, how, &[("MESSAGE", MESSAGE)]);
        let named = self.named(name, how, server.address).await?;
        let address = named.as_ref().map(Named::address).unwrap_or_default();
        let mut client = self.service(client, how, &EAGER);
        client.set("SERVER_URL", &format!("http://{address}/"));
        for (name, value) in [
            ("SERVER_ADDRESS", &*address),
            ("NAMES", "Ana"),
            ("COUNT", "0"),
        ] {
            client.set(name, value);
        }
        server.start();
        client.start();
        server.is_ready().await;
        let (answers, log) = client.lines().unwrap_or_default();
        // These clients say nothing of where their probes are.
        answers.containing("").await;
        let printed = Printed {
            answers,
            log,
            right: match exercise {
                "hello" => &["Olá, Ana!"],
                "sockets" => &["PAR", "ÍMPAR"],
                _ => &[MESSAGE],
            },
        };
        Ok(Subject {
            exercise: match exercise {
                "hello" => "hello, client",
                "sockets" => "sockets, client",
                _ => "desafio1, client",
            },
            load: Load::Printed(printed),
            parts: Parts {
                services: vec![server, client],
                named: named.into_iter().collect(),
                ..Parts::default()
            },
        })
    }
}
