//! One suite a port: what every adapter must promise.
