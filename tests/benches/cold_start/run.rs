//! One start of a program on Lambda, and its invocations.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use jiff::Timestamp;
use pointsman_tests::{
    delivery_id, fixtures,
    lambda::{Environment, program},
    sign,
};
use serde_json::{Value, json};

/// Bytes of the payload.
const PAYLOAD: usize = 10_000;
/// Invocations after which a process is warm.
pub const COLD: usize = 50;
/// What the kernel counts a process's own time in: a hundredth of a second.
const TICK: Duration = Duration::from_millis(10);
const SECRET: &str = "a secret of the benchmark";
const PATIENCE: Duration = Duration::from_secs(10);

/// What one start told.
pub struct Run {
    /// From exec to the first ask for work.
    pub init: Duration,
    /// The first invocations, in order.
    pub invocations: Vec<Duration>,
    /// Time on a processor of each of them, the kernel's for it included: all but waiting.
    pub work: Vec<Duration>,
    /// The same without the kernel's, of all of them but the first [`COLD`] together: it is told in steps of 10 ms.
    pub own: Duration,
    /// The most memory that it held, in bytes.
    pub memory: u64,
}

/// A function that can be started.
pub struct Function {
    /// Its program's name.
    pub name: &'static str,
    /// Where that is.
    pub program: PathBuf,
    variables: Vec<(String, String)>,
}

impl Function {
    /// The program of this name, with a configuration and these further variables.
    pub fn new(name: &'static str, config: &Path, variables: &[(String, String)]) -> Self {
        let own = [
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "none of anybody"),
            ("AWS_SESSION_TOKEN", "none of anybody"),
            ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
            ("POINTSMAN_AWS_BUCKET", "raw"),
            ("POINTSMAN_AWS_TABLE", "records"),
            ("POINTSMAN_CONFIG", &config.to_string_lossy()),
        ];
        let own = own.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self { name, program: program(name), variables: own.chain(variables.iter().cloned()).collect() }
    }

    /// Starts it, and has it answer so many webhooks.
    pub fn run(&self, count: u32) -> Run {
        let mut command = Command::new(&self.program);
        command.env_clear().envs(self.variables.iter().cloned());
        let environment = Environment::start(command, self.name);
        let init = environment.ready();
        let (mut invocations, mut work, mut warm) = (Vec::new(), Vec::new(), Duration::ZERO);
        for nth in 0..count {
            if invocations.len() == COLD {
                warm = in_its_own_code(environment.pid());
            }
            let before = on_processor(environment.pid());
            let ended = environment.invoke(webhook(nth).as_bytes(), PATIENCE);
            let status = ended.answer.json()["statusCode"].clone();
            assert!(
                status == 200 || status == 202,
                "{}: {:?}\n{}",
                self.name,
                ended.answer,
                environment.log()
            );
            invocations.push(ended.took);
            work.push(on_processor(environment.pid()) - before);
        }
        let own = in_its_own_code(environment.pid()) - warm;
        Run { init, invocations, work, own, memory: environment.peak_memory().unwrap_or_default() }
    }
}

/// The secret that Secrets Manager must tell.
pub fn secret() -> &'static str {
    SECRET
}

/// A Function URL's event: a signed webhook.
fn webhook(nth: u32) -> String {
    let path = pointsman_tests::house::root().join("tests/fixtures/events/function-url.json");
    let mut event: Value = serde_json::from_slice(&fs::read(path).expect("a fixture")).expect("JSON");
    let body = fixtures::pull_request(PAYLOAD);
    event["headers"]["x-hub-signature-256"] = sign(SECRET, &body).into();
    event["headers"]["x-github-delivery"] = delivery_id(Timestamp::now(), nth).into();
    event["headers"]["content-length"] = body.len().to_string().into();
    event["body"] = json!(String::from_utf8(body).expect("JSON is UTF-8"));
    event.to_string()
}

/// For how long a process has been on a processor so far (Linux).
fn on_processor(pid: u32) -> Duration {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let time = |thread: fs::DirEntry| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    };
    Duration::from_nanos(threads.filter_map(time).sum())
}

/// For how long of that it was not in the kernel (Linux).
fn in_its_own_code(pid: u32) -> Duration {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // Behind its name, which may hold spaces: state, then ten numbers that tell other things.
    let fields = text.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks = fields.split_whitespace().nth(11).and_then(|ticks| ticks.parse().ok());
    TICK * ticks.unwrap_or(0)
}
