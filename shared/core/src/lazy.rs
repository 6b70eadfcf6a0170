//! What is made on first use: starting a function makes no network call, and what failed is tried again by the next event.

use std::sync::{Arc, OnceLock};

use futures::{future::BoxFuture, lock::Mutex};

use crate::port::PortError;

type Make<T> = Box<dyn Fn() -> BoxFuture<'static, Result<T, PortError>> + Send + Sync>;

/// A value that is made when it is first asked for.
pub struct Lazy<T> {
    made: OnceLock<Arc<T>>,
    /// One at a time makes it.
    making: Mutex<()>,
    make: Make<T>,
}

impl<T> Lazy<T> {
    /// Nothing yet.
    pub fn new<F>(make: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<T, PortError>> + Send + 'static,
    {
        let make: Make<T> = Box::new(move || Box::pin(make()));
        Self { made: OnceLock::new(), making: Mutex::new(()), make }
    }

    /// The value; made now, where it was not made before or could not be.
    pub async fn get(&self) -> Result<Arc<T>, PortError> {
        if let Some(made) = self.made.get() {
            return Ok(Arc::clone(made));
        }
        let _turn = self.making.lock().await;
        if let Some(made) = self.made.get() {
            return Ok(Arc::clone(made));
        }
        let made = Arc::new((self.make)().await?);
        Ok(Arc::clone(self.made.get_or_init(|| made)))
    }
}
