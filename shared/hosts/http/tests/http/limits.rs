//! What bad, slow and greedy clients get: the right status, and no growth.

use std::{sync::atomic::Ordering, time::Duration};

use crate::support::{DEADLINE, Running, accepted, echo, post, short};
use pointsman_core::outcome::Outcome;
use pointsman_host_http::{Limits, Parts};
use tokio::{
    io::AsyncWriteExt as _,
    sync::Notify,
    time::{Instant, timeout},
};

const MAX: usize = 26_214_400;

fn chunked(sizes: &[usize]) -> Vec<u8> {
    let mut request =
        b"POST /webhooks/github HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for size in sizes {
        request.extend(format!("{size:x}\r\n").bytes());
        request.resize(request.len() + size, b'x');
        request.extend(b"\r\n");
    }
    request.extend(b"0\r\n\r\n");
    request
}

fn head(length: usize, more: &str) -> String {
    format!("POST /webhooks/github HTTP/1.1\r\nhost: t\r\ncontent-length: {length}\r\n{more}\r\n")
}

#[tokio::test]
async fn exactly_25_mib_is_taken_and_one_byte_more_is_not() {
    let (parts, calls) = echo();
    let server = Running::start(parts).await;
    let fits = server.ask(post(&vec![b'x'; MAX])).await;
    assert_eq!((fits.status, &fits.json()["subscriptions"][0]), (202, &MAX.to_string().into()));
    let over = server.ask(post(&vec![b'x'; MAX + 1])).await;
    assert_eq!((over.status, over.header("connection")), (413, Some("close")));
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn exactly_25_mib_in_chunks_is_taken_and_one_byte_more_is_not() {
    let server = Running::start(echo().0).await;
    let fits = server.ask(chunked(&[MAX / 4; 4])).await;
    assert_eq!((fits.status, &fits.json()["subscriptions"][0]), (202, &MAX.to_string().into()));
    assert_eq!(server.ask(chunked(&[MAX / 4, MAX / 4, MAX / 4, MAX / 4, 1])).await.status, 413);
    assert_eq!(server.ask(chunked(&[MAX + 1])).await.status, 413);
}

#[tokio::test]
async fn an_announced_length_over_the_limit_is_refused_before_anything_is_read() {
    let server = Running::start(echo().0).await;
    for length in [MAX + 1, usize::MAX / 2] {
        let answer = server.ask(head(length, "")).await;
        assert_eq!((answer.status, answer.header("connection")), (413, Some("close")), "{length}");
    }
}

#[tokio::test]
async fn a_refused_sender_that_only_reads_after_its_body_gets_the_answer() {
    let server = Running::start(echo().0).await;
    let mut client = server.connect().await;
    client.send(head(4 * MAX, "")).await;
    // Far more than the sockets' buffers hold: with a connection closed at once, these writes would be reset.
    for _ in 0..200 {
        client.send(vec![b'x'; 64 << 10]).await;
    }
    assert_eq!(client.answer().await.unwrap().status, 413);
}

#[tokio::test]
async fn expect_continue_is_asked_for_only_what_is_wanted() {
    let server = Running::start(echo().0).await;
    let mut client = server.connect().await;
    client.send(head(5, "expect: 100-continue\r\n")).await;
    assert_eq!(client.answer().await.unwrap().status, 100);
    client.send("hello").await;
    assert_eq!(client.answer().await.unwrap().json()["subscriptions"][0], "5");

    let refused = server.ask(head(MAX + 1, "expect: 100-continue\r\n")).await;
    assert_eq!(refused.status, 413);
}

#[tokio::test]
async fn a_body_that_stops_is_408_and_closed() {
    let (mut parts, calls) = echo();
    parts.limits = short();
    let server = Running::start(parts).await;
    for sent in ["", "hel"] {
        let mut client = server.connect().await;
        client.send(head(5, "") + sent).await;
        let answer = client.answer().await.unwrap();
        assert_eq!((answer.status, answer.header("connection")), (408, Some("close")), "{sent:?}");
        assert!(client.is_closed().await);
    }
    assert_eq!(calls.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_body_that_trickles_is_408_in_the_end() {
    let mut parts = echo().0;
    parts.limits = Limits { body_pause: DEADLINE, ..short() };
    let server = Running::start(parts).await;
    let mut client = server.connect().await;
    client.send(head(1000, "")).await;
    let started = Instant::now();
    let (mut read, mut write) = client.stream.into_split();
    let trickle = tokio::spawn(async move {
        while write.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let mut answer = vec![0; 12];
    timeout(DEADLINE, tokio::io::AsyncReadExt::read_exact(&mut read, &mut answer)).await.unwrap().unwrap();
    assert_eq!(answer, b"HTTP/1.1 408");
    assert!(started.elapsed() >= Duration::from_millis(600));
    drop(read);
    trickle.abort();
}

#[tokio::test]
async fn slow_headers_are_closed() {
    let mut parts = echo().0;
    parts.limits = short();
    let server = Running::start(parts).await;
    for sent in ["", "POST /webhooks/github HTTP/1.1\r\nhost:"] {
        let mut client = server.connect().await;
        client.send(sent).await;
        assert!(client.is_closed().await, "{sent:?}");
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_half_way_leaves_nothing_behind() {
    let (mut parts, calls) = echo();
    parts.limits = Limits { connections: 1, ..Limits::default() };
    let server = Running::start(parts).await;
    for sent in ["", "POST /webh", &head(5, ""), &(head(5, "") + "hel")] {
        let mut client = server.connect().await;
        client.send(sent).await;
        client.stream.shutdown().await.unwrap();
        let answer = client.answer().await;
        assert!(answer.is_none_or(|answer| answer.status == 400), "{sent:?}");
    }
    // The one slot is free again.
    assert_eq!(server.ask(post(b"x")).await.status, 202);
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn header_floods_are_refused() {
    let server = Running::start(echo().0).await;
    let start = "POST /webhooks/github HTTP/1.1\r\nhost: t\r\n";
    let many: String = (0..200).map(|n| format!("x-{n}: y\r\n")).collect();
    let long = format!("x-long: {}\r\n", "y".repeat(40 << 10));
    let endless = format!("x-long: {}", "y".repeat(1 << 20));
    for (flood, name) in [(many + "\r\n", "many"), (long + "\r\n", "long"), (endless, "endless")] {
        assert_eq!(server.ask(start.to_owned() + &flood).await.status, 431, "{name}");
    }
    let long_line = format!("POST /{} HTTP/1.1\r\nhost: t\r\n\r\n", "y".repeat(40 << 10));
    assert_eq!(server.ask(long_line).await.status, 431);
}

#[tokio::test]
async fn what_is_no_http_is_400_and_closed() {
    let (parts, calls) = echo();
    let server = Running::start(parts).await;
    let start = "POST /webhooks/github HTTP/1.1\r\nhost: t\r\n";
    for (request, name) in [
        ("hello\r\n\r\n".to_owned(), "no request"),
        (format!("{start}content-length: 1\r\ncontent-length: 2\r\n\r\nxx"), "two lengths"),
        (format!("{start}content-length: -1\r\n\r\n"), "a negative length"),
        (format!("{start}content-length: 99999999999999999999\r\n\r\n"), "an impossible length"),
        (format!("{start}transfer-encoding: gzip\r\n\r\n"), "another coding"),
        (format!("{start}transfer-encoding: chunked\r\n\r\nzz\r\n"), "a chunk without a size"),
        (format!("{start}bad header: x\r\n\r\n"), "a space in a name"),
    ] {
        let mut client = server.connect().await;
        client.send(request).await;
        assert_eq!(client.answer().await.unwrap().status, 400, "{name}");
        client.stream.shutdown().await.unwrap();
        assert!(client.is_closed().await, "{name}");
    }
    assert_eq!(calls.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_length_beside_chunks_smuggles_nothing() {
    let (parts, calls) = echo();
    let server = Running::start(parts).await;
    let mut client = server.connect().await;
    let smuggled = String::from_utf8(post(b"smuggled")).unwrap();
    client
        .send(format!(
            "POST /webhooks/github HTTP/1.1\r\nhost: t\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n\
             0\r\n\r\n{smuggled}"
        ))
        .await;
    assert_eq!(client.answer().await.unwrap().json()["subscriptions"][0], "0");
    assert!(client.is_closed().await, "a second request was read from an ambiguous first one");
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn bodies_over_the_room_for_all_are_503_and_the_room_comes_back() {
    let mut parts = echo().0;
    parts.limits = Limits { held: 100_000, ..Limits::default() };
    let server = Running::start(parts).await;
    for _ in 0..3 {
        let busy = server.ask(post(&[b'x'; 200_000])).await;
        assert_eq!((busy.status, busy.header("retry-after")), (503, Some("5")));
        assert_eq!(server.ask(post(&[b'x'; 30_000])).await.status, 202);
    }
}

#[tokio::test]
async fn connections_over_the_cap_wait_their_turn() {
    let mut parts = echo().0;
    parts.limits = Limits { connections: 1, ..Limits::default() };
    let server = Running::start(parts).await;
    let mut first = server.connect().await;
    first.send(post(b"1")).await;
    assert_eq!(first.answer().await.unwrap().status, 202);
    let mut second = server.connect().await;
    second.send(post(b"2")).await;
    let early = timeout(Duration::from_millis(200), second.answer()).await;
    assert!(early.is_err(), "a second connection was served beside the first");
    drop(first);
    assert_eq!(second.answer().await.unwrap().status, 202);
}

#[tokio::test]
async fn a_client_that_takes_no_answers_is_dropped() {
    let (mut parts, _) = echo();
    parts.limits = Limits { connections: 1, write_pause: Duration::from_millis(200), ..Limits::default() };
    let server = Running::start(parts.metrics(|| "x".repeat(16 << 20))).await;
    let mut deaf = server.connect().await;
    deaf.send("GET /metrics HTTP/1.1\r\nhost: t\r\n\r\n").await;
    // Its slot is the only one: this answer comes once the deaf one was dropped.
    assert_eq!(server.ask(post(b"x")).await.status, 202);
}

#[tokio::test]
async fn a_stop_finishes_what_was_accepted_and_closes_what_is_idle() {
    let (entered, go) = (std::sync::Arc::new(Notify::new()), std::sync::Arc::new(Notify::new()));
    let (stage_entered, stage_go) = (entered.clone(), go.clone());
    let parts = Parts::new("intake", move |request| {
        let (entered, go) = (stage_entered.clone(), stage_go.clone());
        async move {
            entered.notify_one();
            go.notified().await;
            Outcome::Done(accepted(&request))
        }
    });
    let mut server = Running::start(parts).await;
    let mut idle = server.connect().await;
    idle.send("GET /health HTTP/1.1\r\nhost: t\r\n\r\n").await;
    assert_eq!(idle.answer().await.unwrap().status, 200);
    let mut client = server.connect().await;
    client.send(post(b"x")).await;
    entered.notified().await;

    server.stop();
    assert!(idle.is_closed().await);
    assert!(tokio::net::TcpStream::connect(server.address).await.is_err(), "it still accepts");
    go.notify_one();
    let answer = client.answer().await.unwrap();
    assert_eq!((answer.status, answer.header("connection")), (202, Some("close")));
    assert!(client.is_closed().await);
    let started = Instant::now();
    server.stopped().await;
    assert!(started.elapsed() < Duration::from_secs(1), "it waited {:?} for nobody", started.elapsed());
}

#[tokio::test]
async fn a_stop_drops_what_outlasts_the_grace() {
    let mut parts = Parts::new("intake", |_| std::future::pending());
    parts.limits.grace = Duration::from_millis(200);
    let mut server = Running::start(parts).await;
    let mut client = server.connect().await;
    client.send(post(b"x")).await;
    let mut idle = server.connect().await;
    idle.send("GET /health HTTP/1.1\r\nhost: t\r\n\r\n").await;
    assert_eq!(idle.answer().await.unwrap().status, 200);
    server.stop();
    server.stopped().await;
    assert!(client.is_closed().await);
}
