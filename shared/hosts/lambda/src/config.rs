//! Whether the functions' figures go to CloudWatch, and under which name.

use std::env;

/// The namespace of the figures. Not set, or empty: they are not written. template.yaml sets it to `Pointsman/{stack}`.
const NAMESPACE: &str = "POINTSMAN_METRICS_NAMESPACE";

/// Lambda names the function by this variable.
const FUNCTION: &str = "AWS_LAMBDA_FUNCTION_NAME";

/// The namespace and the function's name, if figures are wanted.
pub(crate) fn figures() -> Option<(String, String)> {
    let namespace = env::var(NAMESPACE).ok().filter(|namespace| !namespace.is_empty())?;
    Some((namespace, env::var(FUNCTION).unwrap_or_default()))
}
