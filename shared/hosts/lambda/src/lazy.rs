//! What is made on first use: starting a function makes no network call, and what failed is tried again by the next event.

use std::sync::Arc;

use futures::future::BoxFuture;
use pointsman_core::port::PortError;
use tokio::sync::OnceCell;

type Make<T> = Box<dyn Fn() -> BoxFuture<'static, Result<T, PortError>> + Send + Sync>;

/// A value that is made when it is first asked for.
pub struct Lazy<T> {
    cell: OnceCell<Arc<T>>,
    make: Make<T>,
}

impl<T> Lazy<T> {
    /// Nothing yet.
    pub fn new<F>(make: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<T, PortError>> + Send + 'static,
    {
        Self { cell: OnceCell::new(), make: Box::new(move || Box::pin(make())) }
    }

    /// The value; made now, where it was not made before or could not be.
    pub async fn get(&self) -> Result<Arc<T>, PortError> {
        self.cell.get_or_try_init(|| async { (self.make)().await.map(Arc::new) }).await.cloned()
    }
}
