//! A GitHub that behaves, awkwardness included: REST over a real bare git repository, signed webhooks, faults.
