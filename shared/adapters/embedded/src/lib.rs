//! Queues, archive and records of one machine, on SQLite.
