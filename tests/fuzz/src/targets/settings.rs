//! A repository's settings, which whoever may merge there writes: every fault has a place, and what is taken resolves.

use pointsman_core::release::{command, settings};

use super::is_within;

pub fn target(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match settings::read(text, ".github/pointsman.yaml") {
        Err(faults) => {
            assert!(!faults.faults.is_empty(), "refused without a word");
            for fault in &faults.faults {
                assert!(is_within(text, fault.at.line, fault.at.column), "{fault}");
            }
        }
        Ok(checked) => {
            let alone = settings::resolve(&[checked.layer]);
            let parts = alone.map(|settings| settings.parts().len());
            assert!(parts.is_ok_and(|parts| parts > 0), "taken, and not to be resolved: {text}");
        }
    }
    // Comments are read with the same distrust.
    for command in command::parse(text) {
        assert!(!format!("{command:?}").is_empty());
    }
}
