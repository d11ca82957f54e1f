//! Two servers of users over one Redis, each of which fails in turn: what all clients saw of a user
//! must be what one user could have been.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use e2e::linearizable::{Input, Operation, Output, is_linearizable};
use futures_util::future::join_all;
use malha_proto::usuarios::v1::usuario_service_client::UsuarioServiceClient;
use malha_proto::usuarios::v1::{
    AtualizarUsuarioRequest, CriarUsuarioRequest, ObterUsuarioRequest, RemoverUsuarioRequest,
    Usuario,
};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use testing::Signal;
use tokio::time::{Instant, sleep, timeout};
use tonic::transport::Channel;
use tonic::{Code, Status};

use super::Scenario;
use crate::load::{PATIENCE, client};
use crate::row::Row;
use crate::tally::Tally;
use crate::world::{Parts, World};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "linearizable",
    fault: "two servers of users over one Redis; servers are killed and frozen, Redis is frozen, as the seed says",
    promise: "Reads, writes and removals of each user are linearizable, those of unknown outcome included (checked by the algorithm of Wing, Gong and Lowe).",
    alone: false,
    run: |world| Box::pin(run(world)),
};

const CLIENTS: u64 = 6;
const USERS: usize = 4;

/// No answer is waited for longer than this; then the outcome is unknown.
const DEADLINE: Duration = Duration::from_millis(500);

type Client = UsuarioServiceClient<Channel>;

/// What all clients share.
struct Clients<'a> {
    servers: &'a [Client],
    users: &'a [String],
    begun: Instant,
    next: AtomicU64,
    tally: Tally,
}

async fn run(world: &World) -> anyhow::Result<Vec<Row>> {
    let mut parts = world.two_servers().await?;
    let addresses = parts
        .services
        .iter()
        .map(|server| server.address.to_string());
    let servers: Vec<Client> = addresses
        .map(|address| client(&address))
        .collect::<Result<_, _>>()?;
    let mut users = Vec::new();
    for number in 0..USERS {
        users.push(created(&servers[0], number).await?);
    }
    let clients = Clients {
        servers: &servers,
        users: &users,
        begun: Instant::now(),
        next: AtomicU64::new(1),
        tally: Tally::default(),
    };
    let asking = join_all((0..CLIENTS).map(|number| clients.ask(world.seed + number)));
    let breaking = async {
        faults(world, &mut parts).await;
        clients.tally.end();
    };
    let (histories, ()) = tokio::join!(asking, breaking);
    let mut of_user: BTreeMap<usize, Vec<Operation>> = BTreeMap::new();
    for (user, operation) in histories.into_iter().flatten() {
        of_user.entry(user).or_default().push(operation);
    }
    let mut row = Row::measured("grpc, two servers", &clients.tally.samples());
    for (user, history) in &of_user {
        if !is_linearizable(Some(0), history) {
            let what = format!("the history of user {user} is not linearizable: {history:?}");
            row.broken.push(what);
        }
    }
    let good = clients.tally.samples();
    let good = good
        .iter()
        .filter(|sample| sample.failure.is_none())
        .count();
    if good == 0 {
        row.broken.push("nothing was ever answered".to_owned());
    }
    row.notes
        .push(format!("{} users by {CLIENTS} clients", of_user.len()));
    Ok(vec![row])
}

/// A user whose value is 0.
async fn created(server: &Client, number: usize) -> anyhow::Result<String> {
    let begun = Instant::now();
    loop {
        let request = CriarUsuarioRequest {
            nome: name(0),
            email: format!("u{number}@exemplo.com"),
            // So that asking again gives the user of before.
            id_pedido: format!("{number:032x}"),
        };
        match server.clone().criar_usuario(request).await {
            Ok(answer) => {
                let user = answer.into_inner().usuario;
                return user
                    .map(|user| user.id)
                    .ok_or_else(|| anyhow::anyhow!("no user"));
            }
            Err(_) if begun.elapsed() < PATIENCE => sleep(Duration::from_millis(50)).await,
            Err(status) => return Err(status.into()),
        }
    }
}

/// Breaks one thing after another.
async fn faults(world: &World, parts: &mut Parts) {
    let mut dice = SmallRng::seed_from_u64(world.seed);
    let lasts = world.stages().fault * 3;
    let begun = Instant::now();
    while begun.elapsed() < lasts {
        sleep(Duration::from_millis(dice.random_range(50..300))).await;
        let pause = Duration::from_millis(dice.random_range(20..600));
        let server = dice.random_range(0..parts.services.len());
        match dice.random_range(0..3) {
            0 => {
                parts.services[server].kill().await;
                sleep(pause).await;
                parts.services[server].start();
            }
            1 => {
                parts.services[server].freeze();
                sleep(pause).await;
                parts.services[server].thaw();
            }
            _ => {
                if let Some(redis) = &parts.redis {
                    redis.signal(Signal::SIGSTOP);
                    sleep(pause).await;
                    redis.signal(Signal::SIGCONT);
                }
            }
        }
    }
    sleep(world.stages().after).await;
}

fn name(value: u64) -> String {
    format!("v{value}")
}

impl Clients<'_> {
    /// Asks one thing after another; what was asked of which user, and answered.
    async fn ask(&self, seed: u64) -> Vec<(usize, Operation)> {
        let mut dice = SmallRng::seed_from_u64(seed);
        let mut history = Vec::new();
        while !self.tally.is_over() {
            sleep(Duration::from_millis(dice.random_range(0..20))).await;
            let user = dice.random_range(0..self.users.len());
            let server = dice.random_range(0..self.servers.len());
            let input = match dice.random_range(0..1000) {
                0 => Input::Remove,
                1..500 => Input::Write(self.next.fetch_add(1, Ordering::Relaxed)),
                _ => Input::Read,
            };
            let (begun, called) = (Instant::now(), self.now());
            let answer = self.call(&self.servers[server], &self.users[user], input);
            let answer = timeout(DEADLINE, answer).await;
            let answer = answer.unwrap_or_else(|_| Err(Status::deadline_exceeded("")));
            let output = match &answer {
                Ok(output) => *output,
                Err(status) if status.code() == Code::NotFound => Output::Absent,
                Err(_) => Output::Unknown,
            };
            let unknown = answer.err().filter(|_| output == Output::Unknown);
            let failure = unknown.map(|status| format!("{:?}", status.code()));
            self.tally.record(begun, failure);
            let returned = self.now();
            let operation = Operation {
                input,
                output,
                called,
                returned,
            };
            history.push((user, operation));
        }
        history
    }

    async fn call(&self, server: &Client, user: &str, input: Input) -> Result<Output, Status> {
        let (mut server, id) = (server.clone(), user.to_owned());
        match input {
            Input::Read => {
                let answer = server.obter_usuario(ObterUsuarioRequest { id }).await?;
                let user = answer.into_inner().usuario.unwrap_or_default();
                let value = user
                    .nome
                    .strip_prefix('v')
                    .and_then(|value| value.parse().ok());
                value
                    .map(Output::Value)
                    .ok_or_else(|| Status::data_loss(user.nome))
            }
            Input::Write(value) => {
                let request = AtualizarUsuarioRequest {
                    usuario: Some(Usuario {
                        id,
                        nome: name(value),
                        ..Usuario::default()
                    }),
                    mascara: Some(prost_types::FieldMask {
                        paths: vec!["nome".to_owned()],
                    }),
                    etag: String::new(),
                };
                server.atualizar_usuario(request).await?;
                Ok(Output::Done)
            }
            Input::Remove => {
                let request = RemoverUsuarioRequest {
                    id,
                    etag: String::new(),
                };
                server.remover_usuario(request).await?;
                Ok(Output::Done)
            }
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}
