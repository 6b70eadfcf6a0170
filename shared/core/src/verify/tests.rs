//! Vectors that the senders themselves publish, and what must be refused.

use std::time::Duration;

use ed25519_dalek::{Signer, SigningKey};
use jiff::Timestamp;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn headers(pairs: &[(&str, &str)]) -> Headers {
    pairs.iter().copied().collect()
}

fn secrets(texts: &[&str]) -> Vec<Secret> {
    texts.iter().map(|text| Secret::new(*text)).collect()
}

/// <https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation>
const GITHUB: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

#[test]
fn githubs_own_example_is_right_by_any_of_the_secrets() {
    let given = headers(&[("X-Hub-Signature-256", GITHUB)]);
    for known in [&["It's a Secret to Everybody"][..], &["the next one", "It's a Secret to Everybody"]] {
        assert!(Verifier::GitHub(secrets(known)).check(&given, b"Hello, World!", at(0)).is_ok());
    }
}

#[test]
fn githubs_wrong_signatures_are_refused_with_the_reason() {
    let verifier = Verifier::GitHub(secrets(&["It's a Secret to Everybody"]));
    type Case<'c> = (&'c [(&'c str, &'c str)], &'c [u8], &'c str);
    let cases: &[Case] = &[
        (&[], b"Hello, World!", "is missing"),
        (&[("X-Hub-Signature", "sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59")], b"Hello, World!", "SHA-1"),
        (&[("X-Hub-Signature-256", GITHUB)], b"Hello, World?", "is wrong"),
        (&[("X-Hub-Signature-256", &GITHUB[..39])], b"Hello, World!", "is wrong"),
        (&[("X-Hub-Signature-256", "sha256=zz")], b"Hello, World!", "hexadecimal"),
        (&[("X-Hub-Signature-256", &GITHUB[7..])], b"Hello, World!", "sha256="),
    ];
    for (given, body, part) in cases {
        let refused = verifier.check(&headers(given), body, at(0)).unwrap_err();
        assert_eq!(refused.reason, Reason::Signature);
        assert!(refused.detail.contains(part), "{given:?}: {refused}");
        assert!(!refused.detail.contains("Secret to"), "a secret is never told");
    }
}

fn hmac(header: &str, prefix: &str, template: &str, place: Option<Place>, secret: &str) -> Verifier {
    let timestamp = place.map(|place| (place, Duration::from_secs(300)));
    let rule = HmacRule {
        header: header.into(),
        algorithm: Algorithm::Sha256,
        encoding: Encoding::Hex,
        prefix: prefix.into(),
        signed: Signed { template: template.into(), timestamp },
    };
    Verifier::Hmac(rule, secrets(&[secret]))
}

#[test]
fn slacks_own_example_is_right_within_five_minutes() {
    let stamp = Place::Header("x-slack-request-timestamp".into());
    let verifier = hmac(
        "x-slack-signature",
        "v0=",
        "v0:{timestamp}:{body}",
        Some(stamp),
        "8f742231b10e8888abcd99yyyzzz85a5",
    );
    let body = b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    let given = headers(&[
        ("X-Slack-Request-Timestamp", "1531420618"),
        ("X-Slack-Signature", "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"),
    ]);
    assert!(verifier.check(&given, body, at(1_531_420_618 + 300)).is_ok());
    for far in [1_531_420_618 + 301, 1_531_420_618 - 301] {
        assert!(verifier.check(&given, body, at(far)).unwrap_err().detail.contains("300 s"));
    }
}

#[test]
fn a_list_in_one_header_is_searched_for_time_and_signatures() {
    let verifier =
        hmac("stripe-signature", "v1=", "{timestamp}.{body}", Some(Place::Element("t".into())), "whsec_test");
    let right = hex::encode(sha256(b"whsec_test", &[b"1614265330.{}"]));
    let value = format!("t=1614265330, v1={}, v1={right}, v0=ignored", "00".repeat(32));
    assert!(verifier.check(&headers(&[("Stripe-Signature", &value)]), b"{}", at(1_614_265_330)).is_ok());
    let without_time = format!("v1={right}");
    assert!(
        verifier.check(&headers(&[("Stripe-Signature", &without_time)]), b"{}", at(1_614_265_330)).is_err()
    );
    assert!(
        verifier.check(&headers(&[("Stripe-Signature", "t=1614265330")]), b"{}", at(1_614_265_330)).is_err()
    );
}

#[test]
fn sha1_and_base64_are_spoken_where_configured() {
    let rule = HmacRule {
        header: "x-signature".into(),
        algorithm: Algorithm::Sha1,
        encoding: Encoding::Base64,
        prefix: String::new(),
        signed: Signed { template: "{body}".into(), timestamp: None },
    };
    let verifier = Verifier::Hmac(rule, secrets(&["key"]));
    // RFC 2104 style vector: HMAC_SHA1("key", "The quick brown fox jumps over the lazy dog").
    let padded = BASE64_STANDARD.encode(hex::decode("de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d9").unwrap());
    for value in [padded.as_str(), padded.trim_end_matches('=')] {
        let body = b"The quick brown fox jumps over the lazy dog";
        assert!(verifier.check(&headers(&[("X-Signature", value)]), body, at(0)).is_ok(), "{value}");
    }
}

#[test]
fn the_standard_webhooks_example_is_right() {
    let verifier = Verifier::StandardWebhooks(
        Duration::from_secs(300),
        secrets(&["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]),
    );
    let given = |signature: &str| {
        headers(&[
            ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
            ("webhook-timestamp", "1614265330"),
            ("webhook-signature", signature),
        ])
    };
    let right = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    let body = br#"{"test": 2432232314}"#;
    for signature in [right.to_owned(), format!("v1a,AAAA v1,AAAA {right}")] {
        assert!(verifier.check(&given(&signature), body, at(1_614_265_330)).is_ok(), "{signature}");
    }
    for signature in ["", "v1,AAAA", &right[3..]] {
        assert!(verifier.check(&given(signature), body, at(1_614_265_330)).is_err(), "{signature}");
    }
}

#[test]
fn a_token_must_be_the_whole_secret() {
    let verifier = Verifier::Token("x-gitlab-token".into(), secrets(&["s3cret"]));
    assert!(verifier.check(&headers(&[("X-Gitlab-Token", "s3cret")]), b"", at(0)).is_ok());
    for wrong in ["", "s3cre", "s3cret ", "S3CRET"] {
        assert!(verifier.check(&headers(&[("X-Gitlab-Token", wrong)]), b"", at(0)).is_err(), "{wrong:?}");
    }
}

#[test]
fn an_ed25519_signature_covers_time_and_body() {
    let key = SigningKey::from_bytes(&[7; 32]);
    let verifier = Verifier::Ed25519 {
        header: "x-signature-ed25519".into(),
        signed: Signed {
            template: "{timestamp}{body}".into(),
            timestamp: Some((Place::Header("x-signature-timestamp".into()), Duration::from_secs(300))),
        },
        keys: vec![key.verifying_key()],
    };
    let signature = hex::encode(key.sign(b"1614265330{}").to_bytes());
    let given = headers(&[("X-Signature-Ed25519", &signature), ("X-Signature-Timestamp", "1614265330")]);
    assert!(verifier.check(&given, b"{}", at(1_614_265_330)).is_ok());
    assert!(verifier.check(&given, b"{ }", at(1_614_265_330)).is_err());
    assert!(verifier.check(&given, b"{}", at(1_614_269_330)).is_err());
}

#[test]
fn parts_of_a_fingerprint_cannot_run_into_each_other() {
    assert_ne!(fingerprint(&["ab", "c"]), fingerprint(&["a", "bc"]));
    assert_eq!(fingerprint(&["a"]).len(), 64);
}
