//! Where requests may go, and that nothing talks them into going elsewhere.

use std::{
    io,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use http::Request;
use pointsman_core::port::{ErrorKind, PortError};
use rustls::RootCertStore;

use super::{PATIENCE, get, moved, named, ok, server};
use crate::{
    Client, Error, Limits,
    guard::{Guard, Place, place},
    resolve::{Lookup, Resolver},
};

/// A client for which every name stands for these addresses, one after the other, and how often it asked.
fn rebinding(answers: &'static [&'static [&'static str]]) -> (Client, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let lookup: Lookup = Arc::new(move |_| {
        let now = answers[count.fetch_add(1, Ordering::Relaxed).min(answers.len() - 1)];
        Box::pin(async move { Ok(now.iter().map(|it| it.parse().unwrap()).collect()) })
    });
    let resolver = |guard| Resolver { lookup: lookup.clone(), guard };
    (Client::finding(RootCertStore::empty(), Limits::default(), resolver), asked)
}

async fn asked(client: &Client, request: Request<Bytes>) -> Result<(), Error> {
    client.exchange(request, PATIENCE).await.map(drop)
}

#[track_caller]
fn is_refused(told: &Result<(), Error>, what: &str) {
    assert!(matches!(told, Err(Error::Refused(_))), "{what}: {told:?}");
}

#[test]
fn every_way_to_write_a_place_that_is_not_public_is_known() {
    let all = |place: Place, written: &'static [&'static str]| written.iter().map(move |it| (*it, place));
    let cases = all(
        Place::Public,
        &["1.1.1.1", "140.82.121.6", "172.32.0.1", "100.128.0.1", "192.0.1.1", "2606:50c0:8000::153"],
    )
    .chain(all(Place::Public, &["::ffff:140.82.121.6", "64:ff9b::8c52:7906", "2a0a:a440::1"]))
    .chain(all(Place::Private, &["127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "172.31.255.255"]))
    .chain(all(Place::Private, &["192.168.1.1", "100.64.0.1", "100.127.255.255", "198.18.0.1", "::1"]))
    .chain(all(Place::Private, &["fc00::1", "fdff::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1"]))
    .chain(all(Place::Private, &["64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::", "2002:0a00:1::1"]))
    .chain(all(Place::Private, &["2001:0:4136:e378:8000:63bf:80ff:fffe", "fe80:1::5efe:127.0.0.1"]))
    .chain(all(Place::Forbidden, &["0.0.0.0", "0.1.2.3", "169.254.169.254", "169.254.170.2", "224.0.0.1"]))
    .chain(all(Place::Forbidden, &["255.255.255.255", "240.0.0.1", "168.63.129.16", "100.100.100.200"]))
    .chain(all(Place::Forbidden, &["192.0.0.192", "192.0.2.1", "203.0.113.9", "::", "fd00:ec2::254"]))
    .chain(all(Place::Forbidden, &["fe80::1", "febf::1", "fec0::1", "ff02::1", "::ffff:169.254.169.254"]))
    .chain(all(Place::Forbidden, &["64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::", "64:ff9b:1::1", "2001:db8::1"]))
    .chain(all(Place::Forbidden, &["::ffff:0:169.254.169.254", "2001:0:0:0:0:0:5601:5601", "100::1", "::2"]));
    for (written, expected) in cases {
        // ISATAP stands behind any prefix, also behind one that is link-local itself.
        assert_eq!(place(written.parse().unwrap()), expected, "{written}");
    }
}

#[tokio::test]
async fn an_address_in_the_url_is_judged_however_it_is_written() {
    let client = Client::default();
    for host in [
        "127.0.0.1",
        "169.254.169.254",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[fd00:ec2::254]",
        "[64:ff9b::7f00:1]",
        // These are names to a parser, and addresses to the system that looks names up.
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "0",
        "localhost",
    ] {
        let told = asked(&client, get(&format!("http://{host}:9/"))).await;
        // A system that reads no such form says that there is no such name.
        let unknown = matches!(told, Err(Error::Connect { .. })) && host.parse::<IpAddr>().is_err();
        assert!(unknown || matches!(told, Err(Error::Refused(_))), "{host}: {told:?}");
    }
    is_refused(&asked(&client, get("http://127.0.0.1:9/")).await, "a plain one");
    is_refused(&asked(&client, get("http://localhost:9/")).await, "a name for one");
}

#[tokio::test]
async fn a_user_in_the_url_hides_no_host() {
    for url in ["http://example.org@127.0.0.1:9/", "http://127.0.0.1:9@example.org/", "http://me:pw@[::1]/"] {
        let told = asked(&Client::default(), get(url)).await.unwrap_err();
        assert!(matches!(told, Error::User(_)) && !told.to_string().contains("pw"), "{url}: {told:?}");
        assert_eq!(PortError::from(told).kind, ErrorKind::Invalid);
    }
}

#[tokio::test]
async fn a_name_is_looked_up_once_and_what_was_judged_is_dialled() {
    let (address, served) = server(vec![ok("here")]).await;
    let port = address.split_once(':').unwrap().1;
    // Were a name judged by one answer and dialled by the next, it would have to be looked up twice for one request.
    let (client, count) = rebinding(&[&["192.168.255.254"], &["127.0.0.1"]]);
    is_refused(&asked(&client, get(&format!("http://rebinding.test:{port}/"))).await, "by its first answer");
    assert_eq!(count.load(Ordering::Relaxed), 1);
    is_refused(&asked(&client, get(&format!("http://rebinding.test:{port}/"))).await, "by its second");
    let request = named(&format!("http://rebinding.test:{port}/"));
    assert!(asked(&client, request).await.is_ok(), "the operator's own host is dialled where its name leads");
    assert_eq!((served.await.len(), count.load(Ordering::Relaxed)), (1, 3));
}

#[tokio::test]
async fn of_several_addresses_only_those_that_may_be_gone_to_are_dialled() {
    let (client, _) = rebinding(&[&["169.254.169.254", "127.0.0.1", "::ffff:10.0.0.1"]]);
    let told = asked(&client, get("http://mixed.test/")).await.unwrap_err();
    for part in ["mixed.test", "169.254.169.254", "127.0.0.1", "configuration"] {
        assert!(told.to_string().contains(part), "{told}");
    }
    assert_eq!(PortError::from(told).kind, ErrorKind::Denied);
    let resolver = |guard| Resolver {
        lookup: Arc::new(|_| {
            Box::pin(async { Ok(vec!["10.0.0.1".parse().unwrap(), "1.1.1.1".parse().unwrap()]) })
        }),
        guard,
    };
    let admitted = resolver(Guard::Public).addresses("mixed.test").await.unwrap();
    assert_eq!(admitted, ["1.1.1.1".parse::<IpAddr>().unwrap()]);
}

#[tokio::test]
async fn a_connection_of_a_named_request_serves_no_other() {
    let (address, served) = server(vec![ok("1"), ok("2")]).await;
    let client = Client::default();
    let url = format!("http://{address}/");
    assert!(asked(&client, named(&url)).await.is_ok());
    is_refused(&asked(&client, get(&url)).await, "though a connection is open");
    assert!(asked(&client, named(&url)).await.is_ok());
    served.await;
}

#[tokio::test]
async fn a_name_for_what_clouds_hand_credentials_out_at_is_refused_even_when_it_is_named() {
    for address in [&["169.254.169.254"][..], &["fd00:ec2::254"], &["::ffff:169.254.169.254"], &["0.0.0.0"]] {
        let (client, _) = rebinding(Box::leak(Box::new([address])));
        is_refused(&asked(&client, named("http://metadata.test/")).await, address[0]);
        is_refused(&client.dial("metadata.test", 80).await.map(drop), address[0]);
    }
}

#[tokio::test]
async fn each_hop_of_a_redirect_is_judged_anew() {
    // The first answer leads to this machine; the server ends the connection, so that the second hop needs its own.
    let first = moved("/inside").replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
    let (address, served) = server(vec![first]).await;
    let port = address.split_once(':').unwrap().1;
    let (client, count) = rebinding(&[&["127.0.0.1"], &["169.254.169.254"]]);
    is_refused(&asked(&client, named(&format!("http://hops.test:{port}/"))).await, "the second hop");
    assert_eq!((served.await.len(), count.load(Ordering::Relaxed)), (1, 2));
}

#[tokio::test]
async fn a_lookup_that_fails_is_no_refusal() {
    let lookup: Lookup = Arc::new(|_| Box::pin(async { Err(io::Error::other("no such name")) }));
    let resolver = |guard| Resolver { lookup: lookup.clone(), guard };
    let client = Client::finding(RootCertStore::empty(), Limits::default(), resolver);
    let told = asked(&client, get("http://nowhere.test/")).await.unwrap_err();
    assert_eq!(PortError::from(told).kind, ErrorKind::Unavailable);
}
