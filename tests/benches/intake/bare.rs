//! The floor: a warp server that reads the body, checks the HMAC and answers 202.

use std::{
    env,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use warp::{Filter as _, http::StatusCode};

/// Serves until its parent kills it.
pub fn serve(secret: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let key = secret.as_bytes().to_vec();
    let check = move |signature: String, body: bytes::Bytes| {
        let given =
            signature.strip_prefix("sha256=").and_then(|text| hex::decode(text).ok()).unwrap_or_default();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("any length");
        mac.update(&body);
        if mac.verify_slice(&given).is_ok() { StatusCode::ACCEPTED } else { StatusCode::UNAUTHORIZED }
    };
    let route = warp::post()
        .and(warp::path!("webhooks" / "github"))
        .and(warp::header::<String>("x-hub-signature-256"))
        .and(warp::body::bytes())
        .map(check);
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        println!("{}", listener.local_addr().expect("bound"));
        warp::serve(route).incoming(listener).run().await;
    });
}

/// The same as a process of its own; dropped, it is killed.
pub struct Bare {
    child: Child,
    /// Where it listens.
    pub url: String,
}

impl Bare {
    /// Starts this very program as the bare server.
    pub fn start(secret: &str) -> Self {
        let program = env::current_exe().expect("a running program has a path");
        let child =
            Command::new(program).args(["bare", secret]).stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut child = child.expect("this program starts once more");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("stdout is piped");
        BufReader::new(stdout).read_line(&mut line).expect("it says where it listens");
        Self { child, url: format!("http://{}", line.trim()) }
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
