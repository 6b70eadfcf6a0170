//! Who the program is: a managed identity's endpoint, an authority that signs Azurite's certificate, and its tokens.

use std::{fs, path::Path};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

/// A token as Azurite takes it with `--oauth basic`: it looks at what is in it, and not at who signed it.
pub fn token() -> String {
    let now = Timestamp::now().as_second();
    let claims = json!({ "aud": "https://storage.azure.com", "iss": "https://sts.windows.net/tenant/",
        "iat": now - 60, "nbf": now - 60, "exp": now + 3600 });
    let part = |json: serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
    format!("{}.{}.c2lnbmF0dXJl", part(json!({ "alg": "RS256", "typ": "JWT" })), part(claims))
}

/// Answers whoever asks with a token; its URL.
pub async fn endpoint() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/token", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut asked = vec![0; 8192];
                while stream.read(&mut asked).await.is_ok_and(|read| read > 0) {
                    let expires = (Timestamp::now().as_second() + 3600).to_string();
                    let body =
                        json!({ "access_token": token(), "expires_on": expires, "token_type": "Bearer",
                        "resource": "https://storage.azure.com", "client_id": "fake" })
                        .to_string();
                    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ";
                    let answer = format!("{head}{}\r\n\r\n{body}", body.len());
                    if stream.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    url
}

/// Writes `ca.pem`, `cert.pem` and `key.pem` for 127.0.0.1.
pub fn certificates(folder: &Path) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.distinguished_name.push(DnType::CommonName, "a test's authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &authority).unwrap();
    fs::write(folder.join("ca.pem"), authority.pem()).unwrap();
    fs::write(folder.join("cert.pem"), leaf.pem()).unwrap();
    fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
}
