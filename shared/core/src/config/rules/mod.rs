//! Our own rules: what a JSON Schema cannot say. They walk whatever is there; what is missing or mistyped is the schema's.

mod aws;
mod azure;
mod care;
mod layers;
mod queue;
mod release;
mod source;
mod subscription;

pub use aws::DEDUP_WINDOW as AWS_DEDUP_WINDOW;
pub use queue::DEFAULT as DEFAULT_QUEUE;

use std::net::SocketAddr;

use ipnet::IpNet;

use super::{
    fault::{Fault, Mark},
    node::Cursor,
    release::Layers,
};
use crate::port::SecretRef;

/// A secret's reference and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedSecret {
    /// The reference.
    pub reference: SecretRef,
    /// Where in the configuration, such as `sources.github.secrets[0]`.
    pub path: String,
    /// Where in the text.
    pub at: Mark,
}

/// What the rules found.
#[derive(Debug, Default)]
pub struct Findings {
    pub faults: Vec<Fault>,
    pub warnings: Vec<Fault>,
    pub secrets: Vec<PlacedSecret>,
    pub layers: Layers,
}

pub fn check(root: &Cursor<'_>) -> Findings {
    let mut found = Findings::default();
    found.network(root);
    source::check(root, &mut found);
    let queues = subscription::check(root, &mut found);
    queue::check(root, &queues, &mut found);
    release::check(root, &mut found);
    layers::check(root, &mut found);
    care::check(root, &mut found);
    aws::check(root, &mut found);
    azure::check(root, &mut found);
    found
}

impl Findings {
    fn network(&mut self, root: &Cursor<'_>) {
        if let Some((cursor, text)) = root.text_of("listen")
            && text.parse::<SocketAddr>().is_err()
        {
            let hint = "such as 127.0.0.1:8080, or 0.0.0.0:8080 for every address of this machine";
            self.faults.push(cursor.fault(format!("`{text}` is no address with a port")).hint(hint));
        }
        if let Some((cursor, "")) = root.text_of("data") {
            self.faults.push(cursor.fault("the data folder's path is empty"));
        }
        for cursor in root.list("trusted_proxies") {
            if let Some(text) = cursor.text()
                && text.parse::<IpNet>().is_err()
            {
                let hint = "such as 10.0.0.0/8, or 192.0.2.7/32 for one address";
                self.faults.push(cursor.fault(format!("`{text}` is no network")).hint(hint));
            }
        }
    }

    /// A time within bounds, which are written like it.
    fn duration(&mut self, cursor: Option<Cursor<'_>>, from: &str, to: &str) {
        let Some((cursor, text)) = cursor.and_then(|cursor| Some((cursor.clone(), cursor.text()?))) else {
            return;
        };
        let bound = |text| humantime::parse_duration(text).expect("our own bounds are written as times");
        match humantime::parse_duration(text) {
            Ok(time) if (bound(from)..=bound(to)).contains(&time) => {}
            Ok(_) => self.faults.push(cursor.fault(format!("`{text}` is not between {from} and {to}"))),
            Err(_) => {
                let fault = cursor.fault(format!("`{text}` is no time"));
                self.faults.push(fault.hint("a number with its unit: 30s, 10m, 12h, 7d"));
            }
        }
    }

    /// A secret's reference.
    fn secret(&mut self, cursor: &Cursor<'_>, text: &str) {
        match text.parse() {
            Ok(reference) => {
                if matches!(reference, SecretRef::Literal(_)) {
                    let fault = cursor.fault("this secret lies open in the configuration");
                    self.warnings.push(fault.hint("for more than trying out, use env:NAME or file:PATH"));
                }
                let path = cursor.path().to_owned();
                self.secrets.push(PlacedSecret { reference, path, at: cursor.at() });
            }
            Err(message) => self.faults.push(cursor.fault(message)),
        }
    }

    /// What a rule says against each text of a list.
    fn each(&mut self, list: &[Cursor<'_>], rule: impl Fn(&str) -> Result<(), String>) {
        for cursor in list {
            if let Some(Err(message)) = cursor.text().map(&rule) {
                self.faults.push(cursor.fault(message));
            }
        }
    }
}
