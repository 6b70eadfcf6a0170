//! A real Prometheus that scrapes a server each second: started on a free port with its data in a temporary folder, asked,
//! and stopped by its process id.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde_json::Value;
use tempfile::TempDir;

use crate::{house, http};

/// How long a start, a first scrape and an end may take.
const DEADLINE: Duration = Duration::from_secs(20);
/// How often it is asked until then.
const BETWEEN: Duration = Duration::from_millis(50);
/// How often it scrapes.
pub const SCRAPED: Duration = Duration::from_secs(1);

/// Where a program of Prometheus is (`prometheus`, `promtool`); none is told by the script.
pub fn program(name: &str) -> Option<String> {
    let output = Command::new(house::root().join("scripts/prometheus")).arg(name).output();
    let output = output.expect("the script runs");
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "scripts/prometheus {name}: {}", output.status);
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned()).filter(|path| !path.is_empty())
}

/// One that runs; dropped, it is stopped.
pub struct Prometheus {
    /// `http://127.0.0.1:{port}`.
    pub url: String,
    child: Child,
    /// Goes last: it is written to until the end.
    _folder: TempDir,
}

/// What an expression gives: for each of its series the labels, and a value at each moment that has one.
#[derive(Debug, Clone)]
pub struct Series {
    /// Without the figure's own name.
    pub labels: Value,
    /// Seconds since 1970, and the value: never NaN, which is none.
    pub points: Vec<(f64, f64)>,
}

impl Prometheus {
    /// Starts the program; it scrapes `/metrics` of the server at `url` from now on, and has done so once.
    pub fn start(program: &str, url: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let target = url.trim_start_matches("http://");
        let config = format!(
            "global: {{ scrape_interval: {0}s, scrape_timeout: {0}s }}\nscrape_configs:\n  \
             - {{ job_name: pointsman, static_configs: [{{ targets: ['{target}'] }}] }}\n",
            SCRAPED.as_secs()
        );
        let file = folder.path().join("prometheus.yaml");
        fs::write(&file, config).expect("the folder can be written");
        let mut command = Command::new(program);
        command.arg("--config.file").arg(&file).arg("--storage.tsdb.path").arg(folder.path().join("data"));
        command.args(["--web.listen-address", "127.0.0.1:0", "--log.format", "json"]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{program} does not start: {error}"));
        let (tell, told) = mpsc::channel();
        let log = BufReader::new(child.stderr.take().expect("stderr is piped"));
        thread::spawn(move || log.lines().map_while(Result::ok).for_each(|line| drop(tell.send(line))));
        let mut prometheus = Self { url: String::new(), child, _folder: folder };
        prometheus.url = listening(&told);
        prometheus.await_scrape();
        prometheus
    }

    /// What the expression gives now; an error is Prometheus's own words.
    pub fn ask(&self, expr: &str) -> Result<Vec<Series>, String> {
        self.get("query", &[("query", expr.to_owned())])
    }

    /// What it gave each second from then until now, as a panel draws it.
    pub fn ask_since(&self, expr: &str, since: Timestamp) -> Result<Vec<Series>, String> {
        let seconds = |time: Timestamp| (time.as_millisecond() as f64 / 1000.0).to_string();
        let (start, end) = (seconds(since), seconds(Timestamp::now()));
        let step = SCRAPED.as_secs().to_string();
        self.get("query_range", &[("query", expr.into()), ("start", start), ("end", end), ("step", step)])
    }

    fn get(&self, what: &str, asked: &[(&str, String)]) -> Result<Vec<Series>, String> {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(asked).finish();
        let answer = http::get(&format!("{}/api/v1/{what}?{query}", self.url));
        let answer = answer.map_err(|error| error.to_string())?;
        let text = answer.text();
        let told: Value = serde_json::from_str(&text).map_err(|_| format!("{}: {text}", answer.status))?;
        if told["status"] != "success" {
            return Err(told["error"].as_str().unwrap_or(&text).to_owned());
        }
        Ok(told["data"]["result"].as_array().into_iter().flatten().map(series).collect())
    }

    fn await_scrape(&self) {
        let until = Instant::now() + DEADLINE;
        // Until it is ready it refuses, and that is an answer too.
        let is_scraped =
            || self.ask("up == 1 and scrape_samples_scraped > 0").is_ok_and(|found| !found.is_empty());
        while !is_scraped() {
            assert!(Instant::now() < until, "Prometheus has scraped nothing in {DEADLINE:?}");
            thread::sleep(BETWEEN);
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // By its process id; one that has ended is left alone.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where it says that it listens.
fn listening(told: &mpsc::Receiver<String>) -> String {
    let (until, mut said) = (Instant::now() + DEADLINE, String::new());
    while let Ok(line) = told.recv_timeout(until.saturating_duration_since(Instant::now())) {
        let fields: Value = serde_json::from_str(&line).unwrap_or_default();
        if fields["msg"] == "Listening on"
            && let Some(address) = fields["address"].as_str()
        {
            return format!("http://{address}");
        }
        said.push_str(&line);
        said.push('\n');
    }
    panic!("Prometheus does not listen. It says:\n{said}")
}

/// A vector's or a matrix's.
fn series(found: &Value) -> Series {
    let mut labels = found["metric"].clone();
    if let Some(labels) = labels.as_object_mut() {
        labels.remove("__name__");
    }
    let matrix = found["values"].as_array().into_iter().flatten();
    let vector = Some(&found["value"]).filter(|value| value.is_array());
    let point = |pair: &Value| Some((pair[0].as_f64()?, pair[1].as_str()?.parse::<f64>().ok()?));
    let points = matrix.chain(vector).filter_map(point).filter(|(_, value)| value.is_finite());
    Series { labels, points: points.collect() }
}
