//! A stub of Key Vault: it asks who is there as the service does, then shows secrets and lists their versions.

use std::{collections::HashMap, sync::Arc};

use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

/// Secrets by name, each version's text, oldest first.
type Kept = HashMap<String, Vec<String>>;

/// Listens on a free port as long as the test's runtime lives; its URL as an SDK wants it.
pub async fn start(secrets: &[(&str, &[&str])]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let url = format!("https://{address}");
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let kept: Arc<Kept> =
        Arc::new(secrets.iter().map(|(name, texts)| ((*name).to_owned(), owned(texts))).collect());
    let shown = url.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (kept, url) = (kept.clone(), shown.clone());
            // Who has gone does not want to know.
            tokio::spawn(async move { drop(serve(stream, &kept, &url).await) });
        }
    });
    url
}

async fn serve(stream: TcpStream, kept: &Kept, url: &str) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let (mut path, mut known) = (String::new(), false);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 || line.trim().is_empty() {
            break;
        }
        if path.is_empty() {
            path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        }
        known |= line.to_ascii_lowercase().starts_with("authorization: bearer ");
    }
    let (status, header, body) = if known {
        let (status, body) = answer(kept, url, path.split('?').next().unwrap_or_default());
        (status, "", body)
    } else {
        let challenge = "WWW-Authenticate: Bearer authorization=\"https://login.microsoftonline.com/tenant\", \
                         resource=\"https://vault.azure.net\"\r\n";
        (401, challenge, "{}".to_owned())
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} said\r\n{header}content-type: application/json\r\ncontent-length: {length}"
    );
    stream.write_all(format!("{head}\r\nconnection: close\r\n\r\n{body}").as_bytes()).await
}

fn answer(kept: &Kept, url: &str, path: &str) -> (u16, String) {
    let parts: Vec<_> = path.trim_matches('/').split('/').collect();
    let Some(versions) = parts.get(1).and_then(|name| kept.get(*name)) else {
        return (404, json!({"error": {"code": "SecretNotFound", "message": "not found"}}).to_string());
    };
    let name = parts[1];
    let id = |index: usize| format!("{url}/secrets/{name}/version{index}");
    let attributes = |index: usize| json!({"enabled": true, "created": 1_700_000_000 + index});
    if parts.get(2) == Some(&"versions") {
        let all = versions.iter().enumerate();
        let all: Vec<_> =
            all.map(|(index, _)| json!({"id": id(index), "attributes": attributes(index)})).collect();
        return (200, json!({"value": all, "nextLink": null}).to_string());
    }
    let asked = parts.get(2).and_then(|version| version.strip_prefix("version")?.parse::<usize>().ok());
    let index = asked.unwrap_or(versions.len() - 1);
    let shown = json!({"value": versions[index], "id": id(index), "attributes": attributes(index)});
    (200, shown.to_string())
}
