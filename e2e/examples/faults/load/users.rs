//! Users created without a pause, each asked for by one key until it is acknowledged; in the end
//! all are read back and counted.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use anyhow::Context as _;
use futures_util::future::join_all;
use malha_proto::usuarios::v1::usuario_service_client::UsuarioServiceClient;
use malha_proto::usuarios::v1::{
    CriarUsuarioRequest, ListarUsuariosRequest, ObterUsuarioRequest, Usuario,
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};
use tonic::Code;
use tonic::transport::{Channel, Endpoint};
use url::Url;

use super::calls::of_http;
use super::{Found, PATIENCE, Pace};
use crate::tally::Tally;

/// By which door users are created.
#[derive(Clone, Debug)]
pub(crate) enum Front {
    Rest { http: reqwest::Client, base: Url },
    Grpc(UsuarioServiceClient<Channel>),
}

/// A load on the store of users.
#[derive(Clone, Debug)]
pub(crate) struct Users {
    pub(crate) front: Front,
    /// Where they are read back, past whatever is broken.
    pub(crate) servidor: UsuarioServiceClient<Channel>,
}

/// A client of a server that need not be there yet.
pub(crate) fn client(address: &str) -> anyhow::Result<UsuarioServiceClient<Channel>> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?;
    let endpoint = endpoint.connect_timeout(Duration::from_secs(1));
    Ok(UsuarioServiceClient::new(endpoint.connect_lazy()))
}

impl Front {
    /// The gateway that listens there.
    pub(crate) fn rest(http: reqwest::Client, address: SocketAddr) -> anyhow::Result<Self> {
        let base = Url::parse(&format!("http://{address}/"))?;
        Ok(Self::Rest { http, base })
    }
}

const PAUSE: Duration = Duration::from_millis(50);

/// What was acknowledged: the id, and the e-mail that must be there under it.
type Written = Mutex<Vec<(String, String)>>;

impl Users {
    pub(crate) async fn run(&self, tally: &Tally, pace: Pace) -> anyhow::Result<Found> {
        let written = Written::default();
        let worker = || async {
            let mut ticks = pace.ticks();
            while !tally.is_over() {
                ticks.tick().await;
                let key = format!("{:032x}", rand::random::<u128>());
                if let Some(id) = self.created(&key, tally, pace.deadline).await {
                    let mut written = written.lock().unwrap_or_else(PoisonError::into_inner);
                    written.push((id, email(&key)));
                }
            }
        };
        join_all((0..pace.workers).map(|_| worker())).await;
        let written = written.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.read_back(&written).await
    }

    /// Asks until the user is there; gives up only when nothing helps.
    async fn created(&self, key: &str, tally: &Tally, deadline: Duration) -> Option<String> {
        let first = Instant::now();
        while first.elapsed() < PATIENCE {
            let begun = Instant::now();
            let created = timeout(deadline, self.create(key, deadline)).await;
            let created = created.unwrap_or_else(|_| Err("no answer".to_owned()));
            tally.record(begun, created.as_ref().err().cloned());
            match created {
                Ok(id) => return Some(id),
                Err(_) => sleep(PAUSE).await,
            }
        }
        None
    }

    async fn create(&self, key: &str, deadline: Duration) -> Result<String, String> {
        match &self.front {
            Front::Rest { http, base } => {
                let mut url = base.clone();
                url.set_path("/usuarios");
                let user = json!({"nome": "Ana", "email": email(key)});
                let request = http.post(url).header("idempotency-key", key).json(&user);
                let answer = request.send().await.map_err(|error| of_http(&error))?;
                let status = answer.status();
                if status != StatusCode::CREATED {
                    let wrong = status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS;
                    let wrong = if wrong { "wrong answer " } else { "" };
                    return Err(format!("{wrong}{}", status.as_str()));
                }
                let user: Value = answer.json().await.map_err(|error| of_http(&error))?;
                let id = user["id"].as_str();
                id.map(str::to_owned)
                    .ok_or("wrong answer: no id".to_owned())
            }
            Front::Grpc(client) => {
                let request = CriarUsuarioRequest {
                    nome: "Ana".to_owned(),
                    email: email(key),
                    id_pedido: key.to_owned(),
                };
                let mut request = tonic::Request::new(request);
                request.set_timeout(deadline);
                let answer = client.clone().criar_usuario(request).await;
                let answer = answer.map_err(|status| match status.code() {
                    Code::InvalidArgument | Code::AlreadyExists | Code::NotFound => {
                        format!("wrong answer {:?}", status.code())
                    }
                    code => format!("{code:?}"),
                })?;
                let user = answer.into_inner().usuario;
                user.map(|user| user.id)
                    .ok_or("wrong answer: no user".to_owned())
            }
        }
    }

    async fn read_back(&self, written: &[(String, String)]) -> anyhow::Result<Found> {
        let mut found = Found::default();
        for (id, email) in written {
            let user = self.read(id).await?;
            found.lost += u64::from(user.is_none_or(|user| user.email != *email));
        }
        let mut all: HashMap<String, u64> = HashMap::new();
        for user in self.all().await? {
            *all.entry(user.email).or_default() += 1;
        }
        found.doubled = all.values().map(|count| count - 1).sum();
        Ok(found)
    }

    /// The user, if it is there.
    async fn read(&self, id: &str) -> anyhow::Result<Option<Usuario>> {
        let begun = Instant::now();
        loop {
            let request = ObterUsuarioRequest { id: id.to_owned() };
            match self.servidor.clone().obter_usuario(request).await {
                Ok(answer) => return Ok(answer.into_inner().usuario),
                Err(status) if status.code() == Code::NotFound => return Ok(None),
                Err(_) if begun.elapsed() < PATIENCE => sleep(PAUSE).await,
                Err(status) => return Err(status).context("users are read back"),
            }
        }
    }

    async fn all(&self) -> anyhow::Result<Vec<Usuario>> {
        let (mut all, mut token_pagina) = (Vec::new(), String::new());
        loop {
            let request = ListarUsuariosRequest {
                tamanho_pagina: 100,
                token_pagina,
            };
            let page = self.servidor.clone().listar_usuarios(request).await;
            let page = page.context("users are counted")?.into_inner();
            all.extend(page.usuarios);
            token_pagina = page.proximo_token;
            if token_pagina.is_empty() {
                return Ok(all);
            }
        }
    }
}

fn email(key: &str) -> String {
    format!("{key}@exemplo.com")
}
