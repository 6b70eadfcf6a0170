//! HTTP requests to stage inputs, outcomes to responses.
