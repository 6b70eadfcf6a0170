//! The house's arrows and walls: who may import whom, and what each room may know (design, section 1).

use pointsman_tests::{
    house::{Kind, Package, built_by_default, packages},
    source::{Source, under},
};

/// Every Rust file that goes into a program.
const PROGRAMS: &[&str] = &["functions", "shared"];

/// Clocks, files, sockets, the environment, threads and the terminal: what core has ports for.
const IO: &[&str] = &[
    "std::fs",
    "std::env",
    "std::thread",
    "std::process",
    "net::TcpStream",
    "net::TcpListener",
    "net::UdpSocket",
    "net::ToSocketAddrs",
    "std::os",
    "io::stdin",
    "io::stdout",
    "io::stderr",
    "tokio::net",
    "tokio::fs",
    "tokio::io",
    "tokio::process",
    "tokio::signal",
    "tokio::time",
    "tokio::spawn",
    "SystemTime::now",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "Uuid::now_v1",
    "print!",
    "println!",
    "eprint!",
    "eprintln!",
];

/// What reads the environment.
const ENVIRONMENT: &[&str] = &[
    "env::var",
    "env::var_os",
    "env::vars",
    "env::vars_os",
    "EnvFilter::from_default_env",
    "EnvFilter::try_from_default_env",
    "EnvFilter::from_env",
    "EnvFilter::try_from_env",
];

/// Crates, and the folders whose packages may depend on them.
const WALLS: &[(&str, &[&str])] = &[
    ("rusqlite", &["shared/adapters/embedded"]),
    ("rustls", &["shared/adapters/http"]),
    ("jsonwebtoken", &["shared/github"]),
    ("libsqlite3-sys", &["shared/adapters/embedded"]),
    ("aws-", &["shared/adapters/aws"]),
    ("azure_", &["shared/adapters/azure"]),
    ("fe2o3-", &["shared/adapters/azure"]),
    ("opentelemetry", &["shared/adapters/otlp"]),
    ("tracing-opentelemetry", &["shared/adapters/otlp"]),
    // What is counted is in core's table; recorders of it are made by hosts, the app, and tests.
    (
        "metrics",
        &["shared/core", "shared/adapters/otlp", "shared/hosts/lambda", "functions/app", "functions/intake"],
    ),
];

/// Crates that know a trigger, and where they may be known. An outbound client speaks HTTP too.
const TRIGGERS: &[(&str, &[&str])] = &[
    ("warp", &["shared/hosts/"]),
    ("hyper", &["shared/hosts/", "shared/adapters/http", "tests/fakes/"]),
    ("lambda_", &["shared/hosts/"]),
];

#[test]
fn arrows_run_only_as_drawn() {
    let packages = packages();
    let ours = |name: &str| packages.iter().find(|package| package.name == name);
    let mut wrong = Vec::new();
    for package in &packages {
        for dependency in &package.dependencies {
            let Some(other) = ours(&dependency.name) else { continue };
            if !package.kind.may_import(other.kind, dependency) {
                let kind = dependency.kind.as_deref().unwrap_or("normal");
                let at = package.names_at(&other.name);
                wrong.push(format!(
                    "{at}: a {:?} may not have a {:?} as {kind} dependency",
                    package.kind, other.kind
                ));
            }
        }
    }
    none(wrong, "core <- github <- functions/<stage> <- functions/app; core <- adapters/*, hosts/*");
}

#[test]
fn a_package_is_named_after_its_folder() {
    let expected = |package: &Package| {
        let last = package.folder.rsplit('/').next().unwrap_or_default();
        match package.kind {
            Kind::Host => format!("pointsman-host-{last}"),
            Kind::Fake => format!("pointsman-fake-{last}"),
            _ => format!("pointsman-{last}"),
        }
    };
    let odd = |package: &Package| format!("{}/Cargo.toml: named {}", package.folder, package.name);
    none(packages().iter().filter(|it| it.name != expected(it)).map(odd).collect(), "`pointsman-<folder>`");
}

#[test]
fn only_adapters_know_an_sdk() {
    none(beyond(WALLS), "ask for a port instead");
}

#[test]
fn only_hosts_know_a_trigger() {
    none(beyond(TRIGGERS), "a stage takes an input and gives an outcome");
}

#[test]
fn a_fresh_build_holds_no_cloud_sdk() {
    let built = built_by_default();
    assert!(built.iter().any(|name| name == "pointsman-core"), "the tree was not read: {built:?}");
    // aws-lc is cryptography, of TLS and of an App's JWT: it knows no cloud.
    let sdk = |name: &String| {
        name.starts_with("azure_") || (name.starts_with("aws-") && !name.starts_with("aws-lc-"))
    };
    let cloud = built.into_iter().filter(sdk).collect();
    none(cloud, "keep it behind a feature or out of `default-members`");
}

#[test]
fn core_does_no_io() {
    let sources = under(&["shared/core/src"]);
    assert!(sources.len() > 5, "core's sources were not found");
    none(naming(&sources, IO), "core has ports for these (shared/core/src/port)");
}

#[test]
fn the_environment_is_read_only_by_configuration() {
    // Cargo tells a build script by it what is built.
    let may = |source: &Source| {
        source.path.ends_with("/config.rs")
            || source.path.ends_with("/build.rs")
            || source.path.starts_with("shared/adapters/env/")
    };
    let sources: Vec<Source> = under(PROGRAMS).into_iter().filter(|source| !may(source)).collect();
    none(naming(&sources, ENVIRONMENT), "only config.rs files and adapters/env read it");
}

/// Dependencies that stand on the wrong side of a wall; `tests`, which replays the worst of clients, and the fakes, which
/// are servers themselves, have none.
fn beyond(walls: &[(&str, &[&str])]) -> Vec<String> {
    let mut wrong = Vec::new();
    for package in packages().iter().filter(|package| !matches!(package.kind, Kind::Tests | Kind::Fake)) {
        for dependency in &package.dependencies {
            let wall = walls.iter().find(|(name, _)| dependency.name.starts_with(name));
            let outside = |may: &[&str]| !may.iter().any(|folder| package.folder.starts_with(folder));
            if wall.is_some_and(|(_, may)| outside(may)) {
                wrong.push(format!(
                    "{}: {} is not for {}",
                    package.names_at(&dependency.name),
                    dependency.name,
                    package.name
                ));
            }
        }
    }
    wrong
}

/// Where these sources name one of these paths outside of tests.
fn naming(sources: &[Source], paths: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        for name in source.names() {
            if paths.iter().any(|path| name.holds(path)) {
                found.push(format!("{}:{}: {}", source.path, name.line, name.text));
            }
        }
    }
    found
}

#[track_caller]
fn none(wrong: Vec<String>, rule: &str) {
    assert!(wrong.is_empty(), "{rule}:\n  {}\n", wrong.join("\n  "));
}
