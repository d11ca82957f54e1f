//! The exercises as real processes on loopback, each with a load and whatever can be broken of it.

mod by_name;

pub(crate) use by_name::ByName;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use link::{Direction, Link, LinkConfig, Tap};
use testing::{RedisSentinel, RedisServer, Silence, TestLifecycle};
use url::Url;

use crate::load::{Calls, Chat, Front, Load, MESSAGE, Pace, Users, client};
use crate::names::{Named, Names};
use crate::service::Service;

/// What all scenarios share.
pub(crate) struct World {
    /// The large size.
    pub(crate) full: bool,
    /// What chance follows from.
    pub(crate) seed: u64,
    /// Where our programs are.
    pub(crate) programs: PathBuf,
    lifecycle: TestLifecycle,
}

/// How long a load goes on before, in and after a fault.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stages {
    pub(crate) calm: Duration,
    pub(crate) fault: Duration,
    pub(crate) after: Duration,
}

/// An exercise, and who uses it.
pub(crate) struct Subject {
    pub(crate) exercise: &'static str,
    pub(crate) load: Load,
    pub(crate) parts: Parts,
}

/// What can be broken.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    /// The processes, the one that is killed first.
    pub(crate) services: Vec<Service>,
    /// Between the load and the service, or between two services.
    pub(crate) links: Vec<Link>,
    /// Names by which services look each other up.
    pub(crate) named: Vec<Named>,
    pub(crate) redis: Option<RedisServer>,
    pub(crate) sentinel: Option<RedisSentinel>,
    /// Addresses where nobody answers as long as these are.
    pub(crate) silences: Vec<Silence>,
    /// What else came of the fault.
    pub(crate) notes: Vec<String>,
    /// Removed when it is over.
    directory: Option<tempfile::TempDir>,
}

/// How exercises are started.
#[derive(Clone, Debug, Default)]
pub(crate) struct How {
    /// With links.
    pub(crate) linked: bool,
    /// Settings of every service.
    pub(crate) settings: Vec<(String, String)>,
    /// The most memory that each process may use.
    pub(crate) memory: Option<u64>,
    /// The most that each process may use of a core, in thousandths.
    pub(crate) cpu: Option<u32>,
    /// Where the clocks of the services are, if they have clocks of their own.
    pub(crate) clocks: Option<PathBuf>,
    /// Whom services ask for names, if not the machine's own.
    pub(crate) names: Option<Arc<Names>>,
}

impl How {
    /// Behind links.
    pub(crate) const LINKED: Self = Self {
        linked: true,
        settings: Vec::new(),
        memory: None,
        cpu: None,
        clocks: None,
        names: None,
    };

    /// A client, which connects anew for each call where places are scarce: it must get one.
    fn http(&self) -> reqwest::Result<reqwest::Client> {
        let client = reqwest::Client::builder();
        let client = match self.memory {
            Some(_) => client.pool_max_idle_per_host(0),
            None => client,
        };
        client.build()
    }
}

/// What makes two services of the chat believe each other.
pub(crate) const RELAY_SECRET: &str = "a secret of these two services";

/// What Redis is told, so that no acknowledged write is lost.
const DURABLE: [&str; 4] = ["--appendonly", "yes", "--appendfsync", "always"];

/// What services are told in the small size, which must not fail where the machine is slow.
const PATIENT: [(&str, &str); 3] = [
    ("REDIS_TIMEOUT", "3s"),
    ("REDIS_CONNECT_TIMEOUT", "3s"),
    ("REQUEST_DEADLINE", "8s"),
];

/// Nobody looks at what passes.
struct NoTap;

impl Tap for NoTap {
    fn opened(&self, _: link::ConnectionId, _: SocketAddr) {}
    fn sent(&self, _: link::ConnectionId, _: Direction, _: &[u8]) {}
    fn finished(&self, _: link::ConnectionId, _: Direction) {}
    fn ended(&self, _: link::ConnectionId, _: link::Ended) {}
}

impl World {
    pub(crate) fn new(full: bool, seed: u64, programs: PathBuf) -> Self {
        Self {
            full,
            seed,
            programs,
            lifecycle: TestLifecycle::default(),
        }
    }

    pub(crate) fn stages(&self) -> Stages {
        let [calm, fault, after] = if self.full {
            [3000, 5000, 5000]
        } else {
            [400, 900, 500]
        };
        Stages {
            calm: Duration::from_millis(calm),
            fault: Duration::from_millis(fault),
            after: Duration::from_millis(after),
        }
    }

    pub(crate) fn pace(&self) -> Pace {
        Pace {
            workers: 4,
            rate: self.sized(20, 100),
            // The small size must not fail where the machine is slow.
            deadline: Duration::from_secs(if self.full { 3 } else { 10 }),
        }
    }

    /// A number: the small size's, or the large one's.
    pub(crate) fn sized(&self, small: u32, large: u32) -> u32 {
        if self.full { large } else { small }
    }

    /// All exercises, ready.
    pub(crate) async fn exercises(&self, how: &How) -> anyhow::Result<Vec<Subject>> {
        let (desafio1, hello, sockets) = (
            self.plain("desafio1-servidor", how),
            self.plain("hello-server", how),
            self.plain("sockets-server", how),
        );
        let (grpc, gateway, chat) = (self.grpc(how), self.gateway(how), self.chat(how));
        let (desafio1, hello, sockets, grpc, gateway, chat) =
            tokio::join!(desafio1, hello, sockets, grpc, gateway, chat);
        Ok(vec![desafio1?, hello?, sockets?, grpc?, gateway?, chat?])
    }

    /// Those that keep something in Redis, each in one of its own.
    pub(crate) async fn with_redis(&self) -> anyhow::Result<Vec<Subject>> {
        let how = How::default();
        let (grpc, chat) = tokio::join!(self.grpc(&how), self.chat_in_redis());
        Ok(vec![grpc?, chat?])
    }

    /// The same with a master and its replica, which a sentinel watches.
    pub(crate) async fn with_sentinel(&self) -> anyhow::Result<Vec<Subject>> {
        let (one, other) = tokio::join!(RedisSentinel::start(), RedisSentinel::start());
        let (of_grpc, of_chat) = (one.url(), other.url());
        let (how, mode) = (How::default(), ("REDIS_MODE", "sentinel"));
        let grpc = [("REDIS_URL", &*of_grpc), mode];
        let chat = [("REDIS_URL", &*of_chat), mode];
        let (grpc, chat) = tokio::join!(self.users_in(&how, &grpc), self.two_chats(&how, &chat));
        let (mut grpc, mut chat) = (grpc?, chat?);
        grpc.parts.sentinel = Some(one);
        chat.parts.sentinel = Some(other);
        Ok(vec![grpc, chat])
    }

    fn service(&self, name: &str, how: &How, settings: &[(&str, &str)]) -> Service {
        let mut service = Service::new(&self.programs, name);
        if !self.full {
            for (name, value) in PATIENT {
                service.set(name, value);
            }
        }
        for (name, value) in settings {
            service.set(name, value);
        }
        for (name, value) in &how.settings {
            service.set(name, value);
        }
        if let Some(clocks) = &how.clocks {
            service.follow_clock(clocks.join(service.address.port().to_string()));
            // It has one from its start.
            let _ = service.set_clock(0.0);
        }
        if let Some(names) = &how.names {
            service.look_up_by(names.files());
        }
        if let Some(bytes) = how.memory {
            service.limit_memory(bytes);
        }
        if let Some(thousandths) = how.cpu {
            service.limit_cpu(thousandths);
        }
        service
    }

    /// A link to an address, and where it listens.
    async fn link(&self, name: &str, upstream: &str) -> anyhow::Result<(Link, String)> {
        let link = self.link_at(name, SocketAddr::from(([127, 0, 0, 1], 0)), upstream);
        link.enable().await?;
        let address = link.address().await;
        let address = address.ok_or_else(|| anyhow::anyhow!("the link {name} does not listen"))?;
        Ok((link, address.to_string()))
    }

    /// One that will listen there, and is closed.
    fn link_at(&self, name: &str, listen: SocketAddr, upstream: &str) -> Link {
        let config = LinkConfig {
            name: name.to_owned(),
            listen: listen.to_string(),
            upstream: upstream.to_owned(),
            enabled: false,
        };
        Link::new(config, Arc::new(NoTap), self.lifecycle.lifecycle())
    }

    /// Where a load connects to: the service, or a link to it.
    async fn front(&self, service: &Service, how: &How) -> anyhow::Result<(Vec<Link>, String)> {
        let address = service.address.to_string();
        if !how.linked {
            return Ok((Vec::new(), address));
        }
        let (link, address) = self.link("front", &address).await?;
        Ok((vec![link], address))
    }

    /// One of the three whose answers stand alone.
    pub(crate) async fn plain(&self, name: &'static str, how: &How) -> anyhow::Result<Subject> {
        let service = self.service(name, how, &[("MESSAGE", MESSAGE)]);
        let (links, address) = self.front(&service, how).await?;
        let (exercise, calls) = match name {
            "hello-server" => ("hello", Calls::Hello(address)),
            "sockets-server" => ("sockets", Calls::Sockets(address)),
            _ => {
                let url = Url::parse(&format!("http://{address}/"))?;
                let http = how.http()?;
                ("desafio1", Calls::Desafio1 { http, url })
            }
        };
        let parts = Parts {
            services: vec![service],
            links,
            ..Parts::default()
        };
        Ok(ready(exercise, Load::Calls(calls), parts).await)
    }

    /// The server of users alone, over Redis.
    pub(crate) async fn grpc(&self, how: &How) -> anyhow::Result<Subject> {
        let redis = RedisServer::start(&DURABLE).await;
        let mut subject = self.users_in(how, &[("REDIS_URL", &redis.url())]).await?;
        subject.parts.redis = Some(redis);
        Ok(subject)
    }

    /// The server of users alone, as it is told.
    pub(crate) async fn users_in(
        &self,
        how: &How,
        settings: &[(&str, &str)],
    ) -> anyhow::Result<Subject> {
        let servidor = self.service("grpc-servidor", how, settings);
        let (links, address) = self.front(&servidor, how).await?;
        let users = Users {
            front: Front::Grpc(client(&address)?),
            servidor: client(&servidor.address.to_string())?,
        };
        let parts = Parts {
            services: vec![servidor],
            links,
            ..Parts::default()
        };
        Ok(ready("grpc, server", Load::Users(users), parts).await)
    }

    /// Two servers of users over one Redis, which are told quickly when it does not answer.
    pub(crate) async fn two_servers(&self) -> anyhow::Result<Parts> {
        let redis = RedisServer::start(&DURABLE).await;
        let settings = [("REDIS_URL", &*redis.url()), ("REDIS_TIMEOUT", "250ms")];
        let how = How::default();
        let mut services = [(); 2].map(|()| self.service("grpc-servidor", &how, &settings));
        services.iter_mut().for_each(Service::start);
        join_all(services.iter().map(Service::is_ready)).await;
        Ok(Parts {
            services: services.into(),
            redis: Some(redis),
            ..Parts::default()
        })
    }

    /// The gateway, before a server of its own. A link is between the two.
    pub(crate) async fn gateway(&self, how: &How) -> anyhow::Result<Subject> {
        let servidor = self.service("grpc-servidor", how, &[]);
        let (links, server) = self.front(&servidor, how).await?;
        let mut subject = Box::pin(self.gateway_to(servidor, &server, how)).await?;
        subject.parts.links = links;
        Ok(subject)
    }

    /// The gateway, which finds its server at that address.
    async fn gateway_to(
        &self,
        servidor: Service,
        address: &str,
        how: &How,
    ) -> anyhow::Result<Subject> {
        let gateway = self.service("grpc-cliente", how, &[("SERVER_ADDRESS", address)]);
        let users = Users {
            front: Front::rest(how.http()?, gateway.address)?,
            servidor: client(&servidor.address.to_string())?,
        };
        let parts = Parts {
            services: vec![gateway, servidor],
            ..Parts::default()
        };
        Ok(ready("grpc, gateway", Load::Users(users), parts).await)
    }

    /// The lab with one exercise; exports of spans are asked of it.
    pub(crate) async fn lab(&self, how: &How) -> anyhow::Result<Subject> {
        let others = [
            "LAB_PAGE_LISTEN",
            "LAB_OTLP_GRPC_LISTEN",
            "LAB_TOXIPROXY_LISTEN",
            "DESAFIO1_SERVIDOR_LISTEN",
            "DESAFIO1_SERVIDOR_ADMIN_LISTEN",
            "DESAFIO1_CLIENT_ADMIN_LISTEN",
        ];
        let mut lab = self.service("malha", how, &[("LAB_EXERCISES", "desafio1")]);
        lab = lab.with_admin();
        lab.set("LAB_OTLP_LISTEN", &lab.address.to_string());
        for listen in others {
            lab.set(listen, &testing::address().to_string());
        }
        let calls = Calls::Export {
            http: how.http()?,
            url: Url::parse(&format!("http://{}/v1/traces", lab.address))?,
        };
        let parts = Parts {
            services: vec![lab],
            ..Parts::default()
        };
        Ok(ready("lab", Load::Calls(calls), parts).await)
    }

    /// Two services of the chat, each with its log on disk. Links are before and between them.
    pub(crate) async fn chat(&self, how: &How) -> anyhow::Result<Subject> {
        let directory = tempfile::tempdir()?;
        let mut subject = self.chat_on(how, directory.path()).await?;
        subject.parts.directory = Some(directory);
        Ok(subject)
    }

    /// The same with their logs here.
    pub(crate) async fn chat_on(&self, how: &How, disk: &Path) -> anyhow::Result<Subject> {
        let disk = disk.to_string_lossy();
        self.two_chats(how, &[("OUTBOX_DIR", &*disk)]).await
    }

    /// The same; nothing is acknowledged before it is on the disk.
    pub(crate) async fn careful_chat_on(&self, disk: &Path) -> anyhow::Result<Subject> {
        let how = How {
            settings: vec![("OUTBOX_SYNC".to_owned(), "true".to_owned())],
            ..How::default()
        };
        self.chat_on(&how, disk).await
    }

    /// The same with their logs in Redis.
    async fn chat_in_redis(&self) -> anyhow::Result<Subject> {
        let redis = RedisServer::start(&DURABLE).await;
        let settings = [("REDIS_URL", &*redis.url())];
        let mut subject = self.two_chats(&How::default(), &settings).await?;
        subject.parts.redis = Some(redis);
        Ok(subject)
    }

    async fn two_chats(&self, how: &How, settings: &[(&str, &str)]) -> anyhow::Result<Subject> {
        let names = ["serviceA", "serviceB"];
        let mut services = names.map(|name| {
            let mut service = self.service("chat", how, settings);
            service.set("SERVICE_NAME", name);
            service.set("RELAY_SECRET", RELAY_SECRET);
            service
        });
        let (mut links, mut bases) = (Vec::new(), Vec::new());
        for service in &services {
            let (front, address) = self.front(service, how).await?;
            links.extend(front);
            bases.push(Url::parse(&format!("http://{address}/"))?);
        }
        let mut named = Vec::new();
        for (at, other, name) in [(0, 1, "b.test"), (1, 0, "a.test")] {
            let (between, mut address) = self.front(&services[other], how).await?;
            links.extend(between);
            if let Some(by_name) = self.named(name, how, services[other].address).await? {
                address = by_name.address();
                named.push(by_name);
            }
            services[at].set("PEER_URL", &format!("http://{address}/relay"));
        }
        let bases = <[Url; 2]>::try_from(bases);
        let bases = bases.map_err(|_| anyhow::anyhow!("two services have two addresses"))?;
        let parts = Parts {
            services: services.into(),
            links,
            named,
            ..Parts::default()
        };
        Ok(ready("chat", Load::Chat(Chat { services: bases }), parts).await)
    }
}

async fn ready(exercise: &'static str, load: Load, mut parts: Parts) -> Subject {
    parts.services.iter_mut().for_each(Service::start);
    join_all(parts.services.iter().map(Service::is_ready)).await;
    Subject {
        exercise,
        load,
        parts,
    }
}
