//! S3, SQS, DynamoDB and Secrets Manager as far as one webhook asks them, each a TLS server of its own on loopback that
//! answers at once.

use std::{convert::Infallible, net::SocketAddr, path::Path, sync::Arc};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::Runtime,
};
use tokio_rustls::TlsAcceptor;

/// The services, and the variables that lead to them.
const SERVICES: [&str; 4] = ["S3", "SQS", "DYNAMODB", "SECRETS_MANAGER"];

/// The servers; dropped, they end.
pub struct Aws {
    /// What the function has in its environment.
    pub variables: Vec<(String, String)>,
    _runtime: Runtime,
}

impl Aws {
    /// Starts them; `secret` is what Secrets Manager tells. In `folder` is written whom to trust: as many roots as the
    /// function has in itself, and this one.
    pub fn start(folder: &Path, secret: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let (tls, authority) = tls();
        let bundle = folder.join("ca.pem");
        let roots = include_str!("../../../shared/adapters/aws/src/roots.pem");
        std::fs::write(&bundle, format!("{roots}\n{authority}")).expect("a folder that can be written");
        let mut variables = vec![("AWS_CA_BUNDLE".to_owned(), bundle.to_string_lossy().into_owned())];
        for service in SERVICES {
            let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
            let address = listener.local_addr().expect("it is bound");
            runtime.spawn(listen(listener, tls.clone(), Arc::from(secret)));
            variables.push((format!("AWS_ENDPOINT_URL_{service}"), format!("https://{address}")));
        }
        Self { variables, _runtime: runtime }
    }
}

/// A certificate for 127.0.0.1, and the authority's own that signed it.
fn tls() -> (TlsAcceptor, String) {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority =
        CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a root");
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("an address");
    let certificate = params.signed_by(&key, &authority).expect("a certificate").der().clone();
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key in PKCS 8");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring speaks TLS 1.2 and 1.3")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a certificate and its key");
    (TlsAcceptor::from(Arc::new(config)), authority.pem())
}

async fn listen(listener: TcpListener, tls: TlsAcceptor, secret: Arc<str>) {
    let address = listener.local_addr().expect("it is bound");
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream, tls.clone(), address, secret.clone()));
    }
}

async fn serve(stream: TcpStream, tls: TlsAcceptor, address: SocketAddr, secret: Arc<str>) {
    // An error: the process was killed.
    drop(stream.set_nodelay(true));
    let Ok(stream) = tls.accept(stream).await else { return };
    let answer = service_fn(|request| {
        let secret = secret.clone();
        async move { answer(request, address, &secret).await }
    });
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await);
}

async fn answer(
    request: Request<Incoming>,
    address: SocketAddr,
    secret: &str,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let target = request.headers().get("x-amz-target").and_then(|name| name.to_str().ok());
    let operation = target.and_then(|name| name.split_once('.')).map(|(_, name)| name.to_owned());
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let (status, told) = match operation.as_deref() {
        // A put into the bucket.
        None => {
            return Ok(Response::builder().header("etag", "\"0\"").body(Full::default()).expect("an answer"));
        }
        Some("GetSecretValue") if asks(&body, "AWSPREVIOUS") => {
            (400, json!({ "__type": "ResourceNotFoundException", "message": "never rotated" }))
        }
        Some("GetSecretValue") => (200, json!({ "Name": "hook", "SecretString": secret })),
        Some("GetItem" | "PutItem") => (200, json!({})),
        Some("GetQueueUrl") => {
            (200, json!({ "QueueUrl": format!("https://{address}/000000000000/all.fifo") }))
        }
        Some("SendMessageBatch") => {
            let sent = json!({ "Id": "0", "MessageId": "1", "MD5OfMessageBody": "0", "SequenceNumber": "1" });
            (200, json!({ "Successful": [sent], "Failed": [] }))
        }
        Some(other) => (400, json!({ "__type": "InvalidAction", "message": other })),
    };
    let answer = Response::builder().status(status).header("content-type", "application/x-amz-json-1.0");
    Ok(answer.body(Full::from(told.to_string())).expect("an answer"))
}

fn asks(body: &[u8], version: &str) -> bool {
    serde_json::from_slice::<Value>(body).is_ok_and(|asked| asked["VersionStage"] == version)
}
