//! The least function there is, on lambda_http as its documentation shows it: what a cold start costs at all.

use lambda_http::{Body, Error, Request, Response, run, service_fn, tracing};

async fn greet(_: Request) -> Result<Response<Body>, Error> {
    Ok(Response::builder().status(200).header("content-type", "text/plain").body("hello, world".into())?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    run(service_fn(greet)).await
}
