//! What strangers may send, and the rules that it must keep whatever it is. Each target takes any bytes and panics where a
//! rule is broken; libFuzzer finds the bytes (`scripts/fuzz`), and every test run tries those that are kept (`corpus/`).

pub mod seeds;
mod targets;
mod world;

/// One target: its name, and what it does with any bytes.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: &[Target] = &[
    ("signature", targets::signature::target),
    ("event", targets::event::target),
    ("session", targets::session::target),
    ("configuration", targets::configuration::target),
    ("settings", targets::settings::target),
    ("message", targets::message::target),
    ("files", targets::files::target),
    ("archived", targets::archived::target),
    ("lambda", targets::lambda::target),
    ("azure", targets::azure::target),
];

/// The target of this name.
pub fn named(name: &str) -> Option<fn(&[u8])> {
    TARGETS.iter().find(|(known, _)| *known == name).map(|(_, target)| *target)
}
