//! Pages for the person at this machine: on loopback, under its own name, and until it is told to stop.

use std::net::SocketAddr;

use http::StatusCode;
use pointsman_host_http::{Page, Pages, Visit};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};

use crate::support::DEADLINE;

async fn echo(visit: Visit) -> Page {
    Page { status: StatusCode::OK, html: format!("<p>{} {}</p>", visit.path, visit.query) }
}

async fn serving() -> (SocketAddr, oneshot::Sender<()>, JoinHandle<()>) {
    let pages = Pages::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let address = pages.local_addr();
    let (stop, stopped) = oneshot::channel();
    let served = tokio::spawn(pages.serve(echo, async {
        let _ = stopped.await;
    }));
    (address, stop, served)
}

async fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    timeout(DEADLINE, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    answer
}

#[tokio::test]
async fn a_page_is_shown_and_nothing_in_it_is_run_or_kept() {
    let (address, stop, served) = serving().await;
    let request = format!("GET /created?code=a%20b HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    let answer = ask(address, &request).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("<p>/created code=a%20b</p>"), "{answer}");
    for header in ["cache-control: no-store", "content-security-policy: default-src 'none'", "no-referrer"] {
        assert!(answer.contains(header), "{header} is missing in {answer}");
    }
    stop.send(()).unwrap();
    timeout(DEADLINE, served).await.unwrap().unwrap();
}

#[tokio::test]
async fn other_names_and_other_methods_get_nothing() {
    let (address, _stop, _served) = serving().await;
    let port = address.port();
    for (method, host, status) in [
        ("GET", format!("localhost:{port}"), 200),
        ("GET", format!("evil.example:{port}"), 421),
        ("GET", "127.0.0.1".to_owned(), 421),
        ("POST", address.to_string(), 405),
    ] {
        let request =
            format!("{method} / HTTP/1.1\r\nhost: {host}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        let answer = ask(address, &request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{method} {host}: {answer}");
    }
}

#[tokio::test]
async fn pages_are_not_served_to_others() {
    let error = Pages::bind(SocketAddr::from(([0, 0, 0, 0], 0))).await.unwrap_err();
    assert_eq!(error.to_string(), "0.0.0.0:0 can be reached by others: pages are served on 127.0.0.1 alone");
}

#[tokio::test]
async fn an_answer_that_was_begun_is_finished_and_an_idle_browser_is_not_waited_for() {
    let (address, stop, served) = serving().await;
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(format!("GET / HTTP/1.1\r\nhost: {address}\r\n\r\n").as_bytes()).await.unwrap();
    let mut first = [0; 15];
    timeout(DEADLINE, idle.read_exact(&mut first)).await.unwrap().unwrap();
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    stop.send(()).unwrap();
    timeout(DEADLINE, served).await.expect("it ends though the connection is kept open").unwrap();
}
