//! AWS Lambda around a real function's program: the Runtime API that it asks for work ([`runtime`]), its process
//! ([`environment`]), as many of them as are wanted at once ([`function`]).
//!
//! What is not played: IAM, quotas, Lambda's share of a processor, and that an idle process is frozen.

pub mod environment;
pub mod function;
pub mod runtime;
mod wire;

pub use environment::{Environment, program};
pub use function::Function;
pub use runtime::{Answer, Ended, Runtime};
