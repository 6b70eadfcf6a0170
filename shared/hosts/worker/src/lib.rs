//! Drives any queue with a handler from a plain process.
