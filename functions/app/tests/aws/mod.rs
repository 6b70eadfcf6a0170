//! `backend: aws` where there is no AWS: what is refused, and what to do instead.

use crate::house::House;

const CONFIG: &str = r#"
backend: aws
sources: { github: { secrets: ["aws-sm:pointsman/webhook-secret"] } }
subscriptions: [{ name: bot, events: [push] }]
"#;

#[test]
fn what_needs_a_machine_of_its_own_is_refused_with_what_to_do_instead() {
    let house = House::new(CONFIG);
    let file = house.file("a-backup", "");
    let cases: [(&[&str], &[&str]); 3] = [
        (&["serve"], &["sam deploy", "backend: aws"]),
        (&["backup", &file, "--force"], &["point-in-time", "AWS Backup"]),
        (&["restore", &file], &["on AWS", "pointsman recover"]),
    ];
    for (words, parts) in cases {
        let told = house.fails(words, 1);
        assert!(parts.iter().all(|part| told.contains(part)), "{words:?}: {told}");
    }
    assert!(!house.folder().join("data").exists(), "no store was made");
}

#[test]
fn a_command_says_what_it_lacks_to_look_at_aws() {
    let house = House::new(CONFIG);
    let lacking = if cfg!(feature = "aws") { "POINTSMAN_AWS_BUCKET" } else { "--features aws" };
    for words in [&["queues"][..], &["events"], &["dead-letters"], &["receive", "bot"], &["recover"]] {
        let told = house.fails(words, 1);
        assert!(told.contains(lacking), "{words:?}: {told}");
    }
    let told = String::from_utf8(house.run(&["doctor", "--json"]).stdout).unwrap_or_default();
    assert!(told.contains(lacking), "{told}");
}

#[cfg(not(feature = "aws"))]
#[test]
fn the_configuration_is_checked_without_aws_and_its_secrets_are_not() {
    let house = House::new(CONFIG);
    let output = house.run(&["config", "check"]);
    assert!(output.status.success());
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(log.contains("1 secrets of AWS are not looked at"), "{log}");
}
