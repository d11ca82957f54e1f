//! Names as they come over real connections, and what each gets.

use std::time::Duration;

use testing::plain_client;

use crate::support::start_server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Nothing but a line end or the end of input ends a name.
const NO_PAUSE: (&str, &str) = ("PAUSE", "1m");

#[tokio::test]
async fn a_plain_client_that_neither_ends_its_line_nor_its_input_is_greeted_after_a_pause() {
    let (server, _life) = start_server(&[]).await;
    assert_eq!(
        plain_client(server, &["João".as_bytes()], false).await,
        "Olá, João!"
    );
}

#[tokio::test]
async fn a_line_end_or_the_end_of_input_ends_a_name_at_once() {
    let (server, _life) = start_server(&[NO_PAUSE]).await;
    for sent in ["João\n", "João\r\n"] {
        assert_eq!(
            plain_client(server, &[sent.as_bytes()], false).await,
            "Olá, João!",
            "{sent:?}"
        );
    }
    assert_eq!(
        plain_client(server, &["João".as_bytes()], true).await,
        "Olá, João!"
    );
}

#[tokio::test]
async fn a_name_in_pieces_is_one_name() {
    let (server, _life) = start_server(&[NO_PAUSE]).await;
    let name = "李小龙 👩‍👩‍👧‍👦\n".as_bytes();
    let bytes: Vec<&[u8]> = name.chunks(1).collect();
    assert_eq!(plain_client(server, &bytes, false).await, "Olá, 李小龙 👩‍👩‍👧‍👦!");
}

#[tokio::test]
async fn a_pause_inside_a_character_does_not_cut_it() {
    let (server, _life) = start_server(&[("PAUSE", "20ms")]).await;
    let mut stream = TcpStream::connect(server).await.unwrap();
    stream.write_all(b"Jo\xc3").await.unwrap();
    let mut byte = [0];
    let silence = timeout(Duration::from_millis(100), stream.read(&mut byte)).await;
    assert!(silence.is_err(), "answered in the middle of a character");
    stream.write_all(b"\xa3o").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "Olá, João!");
}

/// Sends keys one by one, each after a time in which no answer may come, and reads the answer.
async fn typed(stream: &mut TcpStream, keys: &[&str]) -> String {
    for key in keys {
        stream.write_all(key.as_bytes()).await.unwrap();
        if *key != "\n" {
            let silence = timeout(Duration::from_millis(100), stream.readable()).await;
            assert!(silence.is_err(), "answered while somebody types");
        }
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_person_may_type_a_name_key_by_key() {
    let (server, _life) = start_server(&[("PAUSE", "20ms"), ("TYPING_PAUSE", "1m")]).await;
    for (keys, answer) in [
        (["A", "!", "\n"], "Olá, A!!"),
        (["J", "ã", "\n"], "Olá, Jã!"),
        (["ã", "李", "\n"], "Olá, ã李!"),
        (["P", "R", "\n"], "Olá, PR!"), // a line of PROXY begins so, too
    ] {
        let mut stream = TcpStream::connect(server).await.unwrap();
        assert_eq!(typed(&mut stream, &keys).await, answer);
    }
}

#[tokio::test]
async fn who_types_on_no_more_is_greeted_after_the_longer_pause() {
    let (server, _life) = start_server(&[("PAUSE", "1ms"), ("TYPING_PAUSE", "20ms")]).await;
    assert_eq!(plain_client(server, &[b"A"], false).await, "Olá, A!");
}

#[tokio::test]
async fn a_program_that_sends_a_name_at_once_does_not_wait_as_a_person_does() {
    let (server, _life) = start_server(&[("TYPING_PAUSE", "1h")]).await;
    assert_eq!(plain_client(server, &[b"Jo"], false).await, "Olá, Jo!");
}

#[tokio::test]
async fn what_is_no_name_is_refused_with_the_reason() {
    let (server, _life) = start_server(&[NO_PAUSE]).await;
    for (sent, reason) in [
        (&b"\n"[..], "o nome está vazio"),
        (b"   \r\n", "o nome está vazio"),
        (
            "\u{200b}\u{2060}\n".as_bytes(),
            "o nome não tem nada visível",
        ),
        ("\u{feff}\r\n".as_bytes(), "o nome está vazio"),
        (
            b"\xff\xfb\x1f\xff\xfd\x03Ana\r\n",
            "chegaram opções de telnet em vez de um nome; use nc, ou o modo raw do PuTTY",
        ),
        (b"Ana\tMaria\n", "o nome tem caracteres de controle"),
        (b"\x1b[2J\n", "o nome tem caracteres de controle"),
        (b"Jo\xe3o\n", "o nome não é UTF-8 válido"),
        (&[b'x'; 300], "o nome tem mais de 256 bytes"),
    ] {
        let answer = plain_client(server, &[sent], false).await;
        assert_eq!(answer, format!("Erro: {reason}"), "{sent:?}");
    }
    assert_eq!(
        plain_client(server, &[], true).await,
        "Erro: o nome está vazio"
    );
    assert_eq!(
        plain_client(server, &[b"Jo\xc3"], true).await,
        "Erro: o nome não é UTF-8 válido"
    );
}

#[tokio::test]
async fn a_name_of_256_bytes_is_greeted_whole() {
    let (server, _life) = start_server(&[NO_PAUSE]).await;
    let name = "ã".repeat(128);
    let sent = format!("{name}\r\n");
    assert_eq!(
        plain_client(server, &[sent.as_bytes()], false).await,
        format!("Olá, {name}!")
    );
}

#[tokio::test]
async fn whoever_says_nothing_is_told_so_in_the_end() {
    let (server, _life) = start_server(&[("FIRST_BYTE_TIMEOUT", "50ms")]).await;
    assert_eq!(
        plain_client(server, &[], false).await,
        "Erro: nenhum nome chegou a tempo"
    );
}

#[tokio::test]
async fn a_byte_order_mark_before_the_name_is_not_greeted() {
    let (server, _life) = start_server(&[NO_PAUSE]).await;
    let sent = "\u{feff}João\r\n".as_bytes();
    assert_eq!(plain_client(server, &[sent], false).await, "Olá, João!");
}

#[tokio::test]
async fn a_line_of_version_1_is_never_greeted() {
    let (server, _life) = start_server(&[NO_PAUSE]).await;
    let line = b"PROXY TCP4 127.0.0.1 127.0.0.1 48076 8180\r\n";
    let pieces = [&line[..], "João\n".as_bytes()];
    assert_eq!(plain_client(server, &pieces, false).await, "Olá, João!");
    let answer = plain_client(server, &[b"PROXY TCP4 nobody\r\n"], false).await;
    assert_eq!(answer, "Erro: cabeçalho PROXY inválido (addresses)");
}

#[tokio::test]
async fn a_header_before_the_name_is_no_part_of_it_and_a_broken_one_is_refused() {
    let (server, _life) = start_server(&[NO_PAUSE]).await;
    let header = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";
    let pieces = [&header[..], "João\n".as_bytes()];
    assert_eq!(plain_client(server, &pieces, false).await, "Olá, João!");
    let answer = plain_client(server, &[b"\r\n\r\n\0\r\nQUIT\n\x99"], false).await;
    assert_eq!(answer, "Erro: cabeçalho PROXY inválido (command)");
}
