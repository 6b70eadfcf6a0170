//! GitHub's API over the Http port: thin, lenient, and never asleep. About 30 calls.
