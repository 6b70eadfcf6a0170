//! AWS Lambda around a real function's program: the Runtime API that it asks for work ([`runtime`]), its process
//! ([`environment`]), as many of them as are wanted at once ([`function`]), and who invokes it: [`url`], [`mapping`].
//!
//! What is not played: IAM, quotas, Lambda's share of a processor, and that an idle process is frozen.

pub mod environment;
pub mod function;
pub mod mapping;
pub mod runtime;
pub mod url;

pub use environment::{Environment, program};
pub use function::Function;
pub use mapping::Mapping;
pub use runtime::{Answer, Ended, Runtime};
