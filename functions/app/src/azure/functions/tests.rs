//! Over the embedded adapters.
