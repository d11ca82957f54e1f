//! Users as callers see them, and what they get who ask for what cannot be.

use malha_proto::usuarios::v1::{
    AtualizarUsuarioRequest, CriarUsuarioRequest, ListarUsuariosRequest, ObterUsuarioRequest,
    RemoverUsuarioRequest, Usuario,
};
use prost_types::FieldMask;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::support::{Client, create, creation, start};

async fn get(client: &mut Client, id: &str) -> Result<Usuario, Status> {
    let request = ObterUsuarioRequest { id: id.to_owned() };
    let answer = client.obter_usuario(request).await?;
    Ok(answer.into_inner().usuario.unwrap())
}

async fn rename(client: &mut Client, user: &Usuario, etag: &str) -> Result<Usuario, Status> {
    let usuario = Usuario {
        id: user.id.clone(),
        nome: "Outro Nome".to_owned(),
        ..Usuario::default()
    };
    let request = AtualizarUsuarioRequest {
        usuario: Some(usuario),
        mascara: Some(FieldMask {
            paths: vec!["nome".to_owned()],
        }),
        etag: etag.to_owned(),
    };
    let answer = client.atualizar_usuario(request).await?;
    Ok(answer.into_inner().usuario.unwrap())
}

#[tokio::test]
async fn a_user_is_created_read_changed_and_removed() {
    let (mut client, _life) = start(&[]).await;
    let ana = create(&mut client, "Ana").await;
    assert_eq!(
        (ana.nome.as_str(), ana.email.as_str()),
        ("Ana", "ana@exemplo.com.br")
    );
    assert_eq!(ana.criado_em, ana.atualizado_em);
    let lives = ana.expira_em.unwrap().seconds - ana.criado_em.unwrap().seconds;
    assert_eq!(lives, 3600);
    assert_eq!(get(&mut client, &ana.id).await.unwrap(), ana);

    let renamed = rename(&mut client, &ana, &ana.etag).await.unwrap();
    assert_eq!(
        (renamed.nome.as_str(), &renamed.email),
        ("Outro Nome", &ana.email)
    );
    assert_ne!(renamed.etag, ana.etag);
    assert_eq!(get(&mut client, &ana.id).await.unwrap(), renamed);

    let request = RemoverUsuarioRequest {
        id: ana.id.clone(),
        etag: String::new(),
    };
    client.remover_usuario(request).await.unwrap();
    let gone = get(&mut client, &ana.id).await.unwrap_err();
    assert_eq!(gone.code(), Code::NotFound);
    assert_eq!(
        gone.get_details_resource_info().unwrap().resource_name,
        ana.id
    );
    create(&mut client, "Ana").await;
}

#[tokio::test]
async fn every_page_but_the_last_tells_of_the_next() {
    let (mut client, _life) = start(&[]).await;
    let mut created = vec![];
    for name in ["A", "B", "C", "D", "E"] {
        created.push(create(&mut client, name).await.id);
    }
    let (mut listed, mut pages, mut token) = (vec![], 0, String::new());
    loop {
        let request = ListarUsuariosRequest {
            tamanho_pagina: 2,
            token_pagina: token,
        };
        let page = client.listar_usuarios(request).await.unwrap().into_inner();
        listed.extend(page.usuarios.into_iter().map(|user| user.id));
        (token, pages) = (page.proximo_token, pages + 1);
        if token.is_empty() {
            break;
        }
    }
    created.sort();
    assert_eq!((listed, pages), (created, 3));
}

#[tokio::test]
async fn what_is_wrong_is_told_field_by_field() {
    let (mut client, _life) = start(&[]).await;
    let wrong = client.criar_usuario(CriarUsuarioRequest::default()).await;
    let wrong = wrong.unwrap_err();
    assert_eq!(wrong.code(), Code::InvalidArgument);
    let details = wrong.get_details_bad_request().unwrap();
    let fields: Vec<_> = details
        .field_violations
        .iter()
        .map(|each| each.field.as_str())
        .collect();
    assert_eq!(fields, ["nome", "email"]);
}

#[tokio::test]
async fn an_e_mail_is_used_once_whatever_its_case() {
    let (mut client, _life) = start(&[]).await;
    create(&mut client, "Ana").await;
    let mut again = creation("Ana");
    again.email = again.email.to_uppercase();
    let taken = client.criar_usuario(again.clone()).await.unwrap_err();
    assert_eq!(taken.code(), Code::AlreadyExists);
    assert_eq!(
        taken.get_details_resource_info().unwrap().resource_name,
        again.email
    );
}

#[tokio::test]
async fn a_creation_can_be_repeated_and_its_id_not_used_for_another() {
    let (mut client, _life) = start(&[]).await;
    let mut request = creation("Ana");
    request.id_pedido = "pedido-1".to_owned();
    let first = client
        .criar_usuario(request.clone())
        .await
        .unwrap()
        .into_inner();
    let second = client
        .criar_usuario(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!((first.repetido, second.repetido), (false, true));
    assert_eq!(first.usuario, second.usuario);

    request.nome = "Outra".to_owned();
    let other = client.criar_usuario(request).await.unwrap_err();
    assert_eq!(other.code(), Code::FailedPrecondition);
    let info = other.get_details_error_info().unwrap();
    assert_eq!(
        (info.reason.as_str(), info.domain.as_str()),
        ("PEDIDO_DIFERENTE", "usuarios.malha")
    );
}

#[tokio::test]
async fn an_old_etag_changes_nothing() {
    let (mut client, _life) = start(&[]).await;
    let ana = create(&mut client, "Ana").await;
    rename(&mut client, &ana, "").await.unwrap();
    let stale = rename(&mut client, &ana, &ana.etag).await.unwrap_err();
    assert_eq!(stale.code(), Code::Aborted);
    assert_eq!(
        stale.get_details_error_info().unwrap().reason,
        "VERSAO_DIFERENTE"
    );
    let request = RemoverUsuarioRequest {
        id: ana.id.clone(),
        etag: ana.etag.clone(),
    };
    assert_eq!(
        client.remover_usuario(request).await.unwrap_err().code(),
        Code::Aborted
    );
}

#[tokio::test]
async fn a_full_store_takes_nobody_and_says_when_to_ask_again() {
    let (mut client, _life) = start(&[("MAX_USERS", "1")]).await;
    create(&mut client, "Ana").await;
    let full = client.criar_usuario(creation("Bia")).await.unwrap_err();
    assert_eq!(full.code(), Code::ResourceExhausted);
    assert!(full.get_details_retry_info().unwrap().retry_delay.is_some());
}
