//! The fake as a program: `fake-servicebus [QUEUE ..]` makes these queues, prints `amqp=HOST:PORT`, `rest=http://HOST:PORT`
//! and `connection=STRING`, and ends when its standard input does: with whoever started it. `PUT /QUEUE` makes more.

use pointsman_fake_servicebus::{ServiceBus, Settings};
use tokio::io::{AsyncReadExt as _, stdin};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let bus = ServiceBus::start().await?;
    for queue in std::env::args().skip(1) {
        bus.broker.make(&queue, Settings::default());
    }
    println!("amqp={}", bus.amqp);
    println!("rest=http://{}", bus.rest);
    println!("connection={}", bus.connection_string());
    let mut ignored = [0; 1_024];
    while stdin().read(&mut ignored).await? > 0 {}
    Ok(())
}
