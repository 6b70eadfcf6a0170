//! Without TLS: what is sent, what comes back, what goes wrong.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use pointsman_core::port::{ErrorKind, Http as _, Named, PortError};
use tokio::net::TcpListener;

use super::{PATIENCE, moved, named, ok, server};
use crate::{Client, Error, Limits};

fn post(url: &str) -> Request<Bytes> {
    Request::post(url).extension(Named).body("body".into()).unwrap()
}

#[tokio::test]
async fn a_request_goes_out_and_its_answer_comes_back() {
    let answer = "HTTP/1.1 202 Accepted\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";
    let (address, served) = server(vec![answer.into()]).await;
    let answer = Client::default().send(post(&format!("http://{address}/a?b=c"))).await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.body()[..]), (202, &b"ok"[..]));
    let read = served.await.remove(0);
    assert!(read.starts_with("POST /a?b=c HTTP/1.1\r\n"), "{read}");
    assert!(read.contains(&format!("host: {address}\r\n")), "{read}");
    assert!(read.contains("user-agent: pointsman/"), "{read}");
}

#[tokio::test]
async fn a_connection_serves_many_requests() {
    let (address, served) = server(vec![ok("1"), ok("2"), ok("3")]).await;
    let client = Client::default();
    for expected in ["1", "2", "3"] {
        let answer = client.exchange(named(&format!("http://{address}/")), PATIENCE).await.unwrap();
        assert_eq!(&answer.body()[..], expected.as_bytes());
    }
    // The server takes the second connection only after the first one's end: all three came by the first.
    assert_eq!(served.await.len(), 3);
}

#[tokio::test]
async fn what_goes_wrong_is_named() {
    let client = Client::default();
    let ask = async |request| client.exchange(request, PATIENCE).await;
    for bad in ["ftp://example.org/", "/path"] {
        assert!(matches!(ask(post(bad)).await, Err(Error::Url(_))), "{bad}");
    }
    let (address, served) = server(vec![String::new()]).await;
    let url = format!("http://{address}/");
    assert!(matches!(ask(post(&url)).await, Err(Error::Broken(..))));
    served.await;
    let error = ask(post(&url)).await.unwrap_err();
    let (host, port) = address.split_once(':').unwrap();
    assert!(error.to_string().starts_with(&format!("nothing listens on {host}:{port} (")), "{error}");
    assert_eq!(PortError::from(error).kind, ErrorKind::Unavailable);
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_refused_told_or_not() {
    let client = Client::new(Limits { longest: 10, ..Limits::default() });
    let told = ok("12345678901");
    let chunked =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n6\r\n123456\r\n6\r\n123456\r\n0\r\n\r\n";
    for answer in [told, chunked.to_owned()] {
        let (address, _served) = server(vec![answer]).await;
        let error = client.exchange(named(&format!("http://{address}/")), PATIENCE).await.unwrap_err();
        assert!(matches!(error, Error::TooLong(_, 10)), "{error:?}");
        assert_eq!(PortError::from(error).kind, ErrorKind::Invalid);
    }
    let (address, _served) = server(vec![ok("1234567890")]).await;
    assert!(client.exchange(named(&format!("http://{address}/")), PATIENCE).await.is_ok());
}

#[tokio::test]
async fn a_silent_server_is_not_waited_for_for_ever() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let answer = Client::default().exchange(named(&url), Duration::from_millis(50)).await;
    assert!(matches!(answer, Err(Error::Late { .. })), "{answer:?}");
    let client = Client::new(Limits { total: Duration::from_millis(50), ..Limits::default() });
    let error = client.send(named(&url)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
}

#[tokio::test]
async fn a_redirect_within_the_host_is_followed_with_all_that_was_sent() {
    let (address, served) = server(vec![moved("/b?c"), ok("there")]).await;
    let request =
        Request::get(format!("http://{address}/a")).extension(Named).header("authorization", "Bearer x");
    let answer = Client::default().send(request.body(Bytes::new()).unwrap()).await.unwrap();
    assert_eq!(&answer.body()[..], b"there");
    let read = served.await;
    assert!(read[1].starts_with("GET /b?c HTTP/1.1\r\n") && read[1].contains("Bearer x"), "{read:?}");
}

#[tokio::test]
async fn a_redirect_to_another_host_is_an_answer() {
    for to in ["http://example.org/", "https://127.0.0.1/", "//example.org/x", "b", "javascript:x"] {
        let (address, served) = server(vec![moved(to)]).await;
        let answer = Client::default().send(named(&format!("http://{address}/a"))).await.unwrap();
        assert_eq!(answer.status().as_u16(), 301, "{to}");
        assert_eq!(served.await.len(), 1);
    }
}

#[tokio::test]
async fn only_a_get_follows_and_no_more_than_three_times() {
    let (address, served) = server(vec![moved("/b")]).await;
    let answer = Client::default().send(post(&format!("http://{address}/a"))).await.unwrap();
    assert_eq!((answer.status().as_u16(), served.await.len()), (301, 1));
    let (address, served) = server(vec![moved("/a"); 4]).await;
    let answer = Client::default().send(named(&format!("http://{address}/a"))).await.unwrap();
    assert_eq!((answer.status().as_u16(), served.await.len()), (301, 4));
}
