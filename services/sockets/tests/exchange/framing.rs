//! Numbers as they come over real connections, and what each gets.

use std::time::Duration;

use testing::plain_client;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::start_server;

/// Nothing but the end of input ends a number.
const NO_PAUSE: (&str, &str) = ("PAUSE", "1m");

const FULL: (&str, &str) = ("MODE", "full");

/// The first bytes of a PROXY header, which are a number too.
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

#[tokio::test]
async fn a_plain_client_that_sends_17_in_two_bytes_is_told_that_it_is_odd() {
    let (server, _life) = start_server(&[]).await;
    assert_eq!(plain_client(server, &[&[0, 17]], false).await, "ÍMPAR");
    assert_eq!(plain_client(server, &[&[3, 232]], false).await, "PAR");
}

#[tokio::test]
async fn the_end_of_input_ends_a_number_at_once_and_pieces_are_one_number() {
    let (server, _life) = start_server(&[NO_PAUSE]).await;
    assert_eq!(plain_client(server, &[&[0, 17]], true).await, "ÍMPAR");
    assert_eq!(plain_client(server, &[&[0], &[17]], true).await, "ÍMPAR");
    assert_eq!(plain_client(server, &[&[1], &[0], &[0]], true).await, "PAR");
}

#[tokio::test]
async fn bytes_one_by_one_may_take_longer_than_a_pause() {
    let (server, _life) = start_server(&[("PAUSE", "20ms"), ("TYPING_PAUSE", "1m")]).await;
    let mut stream = TcpStream::connect(server).await.unwrap();
    for byte in [0, 17] {
        stream.write_all(&[byte]).await.unwrap();
        let silence = timeout(Duration::from_millis(100), stream.readable()).await;
        assert!(silence.is_err(), "answered before the number was whole");
    }
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "ÍMPAR");

    let (server, _life) = start_server(&[("PAUSE", "1ms"), ("TYPING_PAUSE", "20ms")]).await;
    assert_eq!(plain_client(server, &[&[17]], false).await, "ÍMPAR");
    let (server, _life) = start_server(&[("TYPING_PAUSE", "1h")]).await;
    assert_eq!(plain_client(server, &[&[0, 17]], false).await, "ÍMPAR");
}

#[tokio::test]
async fn telnets_options_are_told_and_no_number() {
    let (server, _life) = start_server(&[]).await;
    let options =
        b"\xff\xfb\x1f\xff\xfb\x20\xff\xfb\x18\xff\xfb\x27\xff\xfd\x01\xff\xfb\x03\xff\xfd\x03";
    assert_eq!(
        plain_client(server, &[options], false).await,
        "Erro: chegaram opções de telnet em vez de um número; use nc, ou o modo raw do PuTTY"
    );
}

#[tokio::test]
async fn a_line_of_version_1_is_never_a_number() {
    let (server, _life) = start_server(&[NO_PAUSE]).await;
    let line = b"PROXY TCP6 ::1 ::1 48076 65432\r\n";
    let answer = plain_client(server, &[line, &[0, 17]], true).await;
    assert_eq!(answer, "ÍMPAR");
    let answer = plain_client(server, &[b"PROXY TCP6 ::1 ::1 x y\r\n"], true).await;
    assert_eq!(answer, "Erro: cabeçalho PROXY inválido (addresses)");
}

#[tokio::test]
async fn numbers_of_10_digits_and_more_come_back() {
    let (server, _life) = start_server(&[NO_PAUSE]).await;
    for (number, answer) in [
        (999_999_999_u64, "ÍMPAR"),
        (1_000_000_000, "1000000000"),
        (9_999_999_999, "9999999999"),
        (u64::MAX, "18446744073709551615"),
    ] {
        assert_eq!(
            plain_client(server, &[&number.to_be_bytes()], true).await,
            answer
        );
    }
    let widest = plain_client(server, &[&[0xff; 64]], true).await;
    assert_eq!((widest.len(), &widest[..12]), (155, "134078079299"));
}

#[tokio::test]
async fn the_full_mode_tells_parity_primality_and_digits() {
    let (server, _life) = start_server(&[NO_PAUSE, FULL]).await;
    for (bytes, answer) in [
        (&[17][..], "17: ÍMPAR, PRIMO, 2 dígitos"),
        (&[0, 0, 0, 2], "2: PAR, PRIMO, 1 dígito"),
        (&[0; 64], "0: PAR, NÃO PRIMO, 1 dígito"),
        (b"\n", "10: PAR, NÃO PRIMO, 2 dígitos"), // a line end is a number like any other
    ] {
        assert_eq!(plain_client(server, &[bytes], true).await, answer);
    }
}

#[tokio::test]
async fn numbers_of_no_byte_and_of_more_than_64_are_refused_with_the_reason() {
    let (server, _life) = start_server(&[NO_PAUSE]).await;
    assert_eq!(
        plain_client(server, &[], true).await,
        "Erro: nenhum byte recebido"
    );
    assert_eq!(
        plain_client(server, &[&[0; 65]], false).await,
        "Erro: mais de 64 bytes"
    );
}

#[tokio::test]
async fn whoever_says_nothing_is_told_so_in_the_end() {
    let (server, _life) = start_server(&[("FIRST_BYTE_TIMEOUT", "50ms")]).await;
    assert_eq!(
        plain_client(server, &[], false).await,
        "Erro: nenhum número chegou a tempo"
    );
}

#[tokio::test]
async fn a_number_that_begins_like_a_header_is_a_number_once_it_pauses_or_ends() {
    let (pausing, _life) = start_server(&[("PAUSE", "20ms"), FULL]).await;
    let (patient, _life_too) = start_server(&[NO_PAUSE, FULL]).await;
    for length in 1..=SIGNATURE.len() {
        let number = &SIGNATURE[..length];
        let paused = plain_client(pausing, &[number], false).await;
        assert!(paused.contains("dígito"), "{length} bytes: {paused}");
        assert_eq!(plain_client(patient, &[number], true).await, paused);
    }
    let other = [SIGNATURE, &[0xff]].concat();
    let answer = plain_client(patient, &[&other], true).await;
    assert_eq!(answer, "Erro: cabeçalho PROXY inválido (command)");
}

#[tokio::test]
async fn a_header_before_the_number_is_no_part_of_it() {
    let (server, _life) = start_server(&[NO_PAUSE]).await;
    let header = [SIGNATURE, &[0x20, 0, 0, 0]].concat();
    assert_eq!(
        plain_client(server, &[&header, &[0, 17]], true).await,
        "ÍMPAR"
    );
    let half = plain_client(server, &[&header[..14]], true).await;
    assert_eq!(half, "Erro: cabeçalho PROXY inválido (truncated)");
}
