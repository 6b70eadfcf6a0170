//! A Functions host that behaves, for tests: reads a packaged app, starts its program and polls it, forwards webhooks, hands
//! messages of the fake Service Bus out by session, and settles them by the status that it is answered with.

mod app;
mod client;
mod encoding;
mod front;
mod handler;
mod pump;

use std::{collections::BTreeMap, io, net::SocketAddr, path::PathBuf, sync::Arc};

use http::StatusCode;
use pointsman_fake_servicebus::Broker;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

pub use app::{App, Function, Trigger};
pub use encoding::Encoding;
pub use handler::Handler;

/// What the host is told of its app.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where `host.json` lies, and each function's folder.
    pub folder: PathBuf,
    /// App settings: what `%NAME%` stands for, and the program's environment.
    pub values: BTreeMap<String, String>,
    /// How values are put into strings.
    pub encoding: Encoding,
}

/// A running host; dropped, it is gone with its program.
pub struct FunctionsHost {
    /// Where webhooks are sent to: `http://127.0.0.1:PORT`.
    pub url: String,
    /// The app as it was read.
    pub app: Arc<App>,
    /// The program.
    pub handler: Arc<Handler>,
    encoding: Encoding,
    stopping: CancellationToken,
    tasks: JoinSet<()>,
}

impl FunctionsHost {
    /// Starts the program, waits until it answers, and begins.
    pub async fn start(settings: Settings, broker: Arc<Broker>) -> io::Result<Self> {
        let app = Arc::new(App::read(&settings.folder, &settings.values)?);
        let handler = Arc::new(Handler::start(&settings.folder, &app.executable, &settings.values).await?);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let stopping = CancellationToken::new();
        let mut tasks = JoinSet::new();
        tasks.spawn(front::serve(listener, app.clone(), handler.clone(), stopping.clone()));
        for function in &app.functions {
            let Trigger::ServiceBus { queue, sessions: true } = &function.trigger else { continue };
            for slot in 0..app.slots {
                let place = pump::Place {
                    broker: broker.clone(),
                    queue: queue.clone(),
                    function: function.name.clone(),
                    owner: pump::owner(&function.name, slot, handler.pid()),
                    idle: app.idle,
                    encoding: settings.encoding,
                };
                tasks.spawn(pump::run(place, handler.clone(), stopping.clone()));
            }
        }
        Ok(Self { url, app, handler, encoding: settings.encoding, stopping, tasks })
    }

    /// Where the program listens.
    pub fn address(&self) -> SocketAddr {
        self.handler.address()
    }

    /// The function's schedule fires, now; says whether it succeeded, and what the program logged of it.
    pub async fn tick(&self, function: &str) -> (bool, String) {
        let timer =
            json!({ "Schedule": { "AdjustForDST": true }, "ScheduleStatus": null, "IsPastDue": false });
        self.invoke(function, "timer", &timer).await
    }

    /// Somebody calls the function by name, with this order.
    pub async fn order(&self, function: &str, order: &Value) -> (bool, String) {
        self.invoke(function, "order", order).await
    }

    async fn invoke(&self, function: &str, binding: &str, value: &Value) -> (bool, String) {
        let sys = json!({ "MethodName": function, "UtcNow": jiff::Timestamp::now(), "RandGuid": "0" });
        let call = self.encoding.call(binding, value.clone(), [("sys".to_owned(), sys)]);
        match client::post(self.address(), function, &call).await {
            Ok(answer) => (answer.status() == StatusCode::OK, line(answer.body())),
            Err(error) => (false, error.to_string()),
        }
    }

    /// Ends what it does, then the program (SIGTERM); says how that ended.
    pub async fn stop(mut self) -> io::Result<std::process::ExitStatus> {
        self.stopping.cancel();
        // What is handed out is waited for: a host drains before it stops.
        while self.tasks.join_next().await.is_some() {}
        self.handler.stop().await
    }
}

impl Drop for FunctionsHost {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}

/// The first line that the program logged.
fn line(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    body["Logs"][0].as_str().unwrap_or_default().to_owned()
}
