//! With TLS: who is trusted, and who is not.

use std::{io, sync::Arc, time::Duration};

use pointsman_core::port::{ErrorKind, PortError};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use super::{PATIENCE, named, ok, serve};
use crate::{Client, Error, Limits};

/// An authority of the test's own.
fn authority() -> CertifiedIssuer<'static, KeyPair> {
    authority_named("a test's authority")
}

fn authority_named(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn trusting(authority: &CertifiedIssuer<'_, KeyPair>) -> Client {
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    Client::trusting(roots, Limits::default())
}

/// A server of one TLS connection with this certificate; its URL by name.
async fn server(authority: &CertifiedIssuer<'_, KeyPair>, params: CertificateParams) -> String {
    let key = KeyPair::generate().unwrap();
    let certificate: CertificateDer<'static> = params.signed_by(&key, authority).unwrap().der().clone();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        if let Ok(mut stream) = TlsAcceptor::from(Arc::new(config)).accept(stream).await {
            serve(&mut stream, &mut vec![ok("safe")].into_iter().peekable()).await;
        }
    });
    format!("https://localhost:{port}/")
}

fn of(name: &str) -> CertificateParams {
    CertificateParams::new(vec![name.to_owned()]).unwrap()
}

async fn refused(client: &Client, url: &str) -> String {
    let error = client.exchange(named(url), PATIENCE).await.unwrap_err();
    assert!(matches!(error, Error::Untrusted { .. }), "{error:?}");
    let error = PortError::from(error);
    assert_eq!(error.kind, ErrorKind::Unavailable);
    error.to_string()
}

#[tokio::test]
async fn a_host_with_the_right_certificate_is_spoken_to() {
    let authority = authority();
    let url = server(&authority, of("localhost")).await;
    let answer = trusting(&authority).exchange(named(&url), PATIENCE).await.unwrap();
    assert_eq!(&answer.body()[..], b"safe");
}

#[tokio::test]
async fn another_hosts_certificate_is_refused() {
    let authority = authority();
    let url = server(&authority, of("example.org")).await;
    let told = refused(&trusting(&authority), &url).await;
    assert_eq!(told, "localhost cannot be trusted: its certificate is another host's");
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let (authority, mut params) = (authority(), of("localhost"));
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2020, 2, 1);
    let url = server(&authority, params).await;
    let told = refused(&trusting(&authority), &url).await;
    let expected =
        "localhost cannot be trusted: its certificate has expired, or this machine's clock is wrong";
    assert_eq!(told, expected);
}

#[tokio::test]
async fn an_unknown_authority_is_refused_and_how_to_name_ones_own_is_told() {
    let (known, unknown) = (authority(), authority_named("somebody else's"));
    let url = server(&unknown, of("localhost")).await;
    let told = refused(&trusting(&known), &url).await;
    assert!(
        told.contains("an authority that this machine does not know") && told.contains("SSL_CERT_FILE"),
        "{told}"
    );
    let url = server(&unknown, of("localhost")).await;
    let told = refused(&Client::trusting(RootCertStore::empty(), Limits::default()), &url).await;
    assert!(told.contains("has no certificate authorities") && told.contains("ca-certificates"), "{told}");
}

#[tokio::test]
async fn what_is_no_http_is_dialled_with_the_same_trust() {
    let (authority, stranger) = (authority(), authority_named("somebody else's"));
    let port = |url: &str| url.trim_end_matches('/').rsplit_once(':').unwrap().1.parse().unwrap();
    let url = server(&authority, of("localhost")).await;
    let mut stream = trusting(&authority).dial_tls("localhost", port(&url)).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut begun = [0; 15];
    stream.read_exact(&mut begun).await.unwrap();
    assert_eq!(&begun, b"HTTP/1.1 200 OK");
    for (issuer, name) in [(&stranger, "localhost"), (&authority, "example.org")] {
        let url = server(issuer, of(name)).await;
        let error = trusting(&authority).dial_tls("localhost", port(&url)).await.unwrap_err();
        assert!(matches!(error, Error::Untrusted { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn who_never_shakes_hands_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let limits = Limits { connect: Duration::from_millis(50), ..Limits::default() };
    let client = Client::trusting(RootCertStore::empty(), limits);
    let error = client.dial_tls("localhost", listener.local_addr().unwrap().port()).await.unwrap_err();
    assert!(
        matches!(&error, Error::Connect { cause, .. } if cause.kind() == io::ErrorKind::TimedOut),
        "{error:?}"
    );
}

#[tokio::test]
async fn who_speaks_no_tls_is_not_spoken_to() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut read = [0; 1024];
        let _ = stream.read(&mut read).await;
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    });
    let error = Client::default().exchange(named(&url), Duration::from_secs(20)).await.unwrap_err();
    assert!(matches!(error, Error::Untrusted { .. }), "{error:?}");
}
