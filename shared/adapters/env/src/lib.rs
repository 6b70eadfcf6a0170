//! Secrets from the environment and files, the system's clock, configuration loading.
