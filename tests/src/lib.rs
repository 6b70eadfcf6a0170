//! Scenarios over the whole house.
