//! Outbound HTTP: one request, one connection, in plain text. What goes over the internet waits for TLS.

use std::{io, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri, header::HOST};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::{body::Body as _, client::conn::http1::handshake};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};

/// Longer answers are refused.
const LONGEST: usize = 16 << 20;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is no `http://host[:port]/path`.
    #[error("`{0}` is no http URL: such as http://127.0.0.1:8080/path")]
    Url(Uri),
    /// Nobody took the connection.
    #[error("nothing listens on {host}:{port} ({cause})")]
    Connect {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// Why.
        cause: io::Error,
    },
    /// It broke off on the way.
    #[error("{0} hung up: {1}")]
    Broken(Uri, hyper::Error),
    /// The answer is longer than 16 MiB.
    #[error("{0} answers more than {LONGEST} bytes")]
    TooLong(Uri),
    /// No answer in time.
    #[error("{url} did not answer within {} s", patience.as_secs())]
    Late {
        /// Who.
        url: Uri,
        /// How long it had.
        patience: Duration,
    },
}

/// Sends a request with an absolute URL and reads the whole answer within `patience`. Redirects are answers.
pub async fn send(request: Request<Bytes>, patience: Duration) -> Result<Response<Bytes>, Error> {
    let url = request.uri().clone();
    timeout(patience, exchange(request)).await.unwrap_or(Err(Error::Late { url, patience }))
}

async fn exchange(mut request: Request<Bytes>) -> Result<Response<Bytes>, Error> {
    let url = request.uri().clone();
    let authority = url.authority().filter(|_| url.scheme_str() == Some("http"));
    let authority = authority.ok_or_else(|| Error::Url(url.clone()))?;
    let header = HeaderValue::from_str(authority.as_str()).map_err(|_| Error::Url(url.clone()))?;
    request.headers_mut().entry(HOST).or_insert(header);
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() = path.parse().map_err(|_| Error::Url(url.clone()))?;

    let (host, port) = (authority.host().trim_matches(['[', ']']), authority.port_u16().unwrap_or(80));
    let refused = |cause| Error::Connect { host: host.to_owned(), port, cause };
    let stream = TcpStream::connect((host, port)).await.map_err(refused)?;
    let broken = |error| Error::Broken(url.clone(), error);
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let asking = async {
        let response = sender.send_request(request.map(Full::new)).await.map_err(broken)?;
        let (parts, body) = response.into_parts();
        if body.size_hint().lower() > LONGEST as u64 {
            return Err(Error::TooLong(url.clone()));
        }
        let read = Limited::new(body, LONGEST).collect().await.map_err(|error| {
            match error.downcast::<hyper::Error>() {
                Ok(error) => broken(*error),
                Err(other) => {
                    debug_assert!(other.is::<LengthLimitError>());
                    Error::TooLong(url.clone())
                }
            }
        });
        Ok(Response::from_parts(parts, read?.to_bytes()))
    };
    // The connection does the work; what it fails with, the request fails with too.
    tokio::pin!(asking);
    tokio::select! {
        answer = &mut asking => answer,
        _ = connection => asking.await,
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    /// A server that answers one request with these bytes; what it read is told.
    async fn server(answer: String) -> (String, impl Future<Output = String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut read = vec![0; 4096];
            let count = stream.read(&mut read).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&read[..count]).into_owned()
        });
        (address.to_string(), async move { served.await.unwrap() })
    }

    fn post(url: &str) -> Request<Bytes> {
        Request::post(url).body("body".into()).unwrap()
    }

    #[tokio::test]
    async fn a_request_goes_out_and_its_answer_comes_back() {
        let (address, served) = server("HTTP/1.1 202 Accepted\r\ncontent-length: 2\r\n\r\nok".into()).await;
        let answer = send(post(&format!("http://{address}/a?b=c")), PATIENCE).await.unwrap();
        assert_eq!((answer.status().as_u16(), &answer.body()[..]), (202, &b"ok"[..]));
        let read = served.await;
        assert!(read.starts_with("POST /a?b=c HTTP/1.1\r\n"), "{read}");
        assert!(read.contains(&format!("host: {address}\r\n")), "{read}");
    }

    #[tokio::test]
    async fn what_goes_wrong_is_named() {
        assert!(matches!(send(post("https://example.org/"), PATIENCE).await, Err(Error::Url(_))));
        assert!(matches!(send(post("/path"), PATIENCE).await, Err(Error::Url(_))));
        let (address, served) = server(String::new()).await;
        assert!(matches!(send(post(&format!("http://{address}/")), PATIENCE).await, Err(Error::Broken(..))));
        drop(served);
        assert!(matches!(
            send(post(&format!("http://{address}/")), PATIENCE).await,
            Err(Error::Connect { .. })
        ));
        let (address, _served) =
            server(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\nx", LONGEST + 1)).await;
        assert!(matches!(send(post(&format!("http://{address}/")), PATIENCE).await, Err(Error::TooLong(_))));
    }

    #[tokio::test]
    async fn a_silent_server_is_not_waited_for_for_ever() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let answer = send(post(&url), Duration::from_millis(50)).await;
        assert!(matches!(answer, Err(Error::Late { .. })), "{answer:?}");
    }
}
