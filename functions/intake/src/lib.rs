//! The first stage: a webhook in, an ordered queue out.
