//! The configuration: every fault has a place in the text, what is taken compiles, and what is shown of it is the same again.

use futures::executor::block_on;
use pointsman_core::{
    config::{parse, to_yaml},
    rules::Rules,
};

use super::is_within;

pub fn target(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match parse(text) {
        Err(faults) => {
            assert!(!faults.faults.is_empty(), "refused without a word");
            for fault in &faults.faults {
                assert!(is_within(text, fault.at.line, fault.at.column), "{fault}");
                assert!(!fault.message.is_empty(), "{fault:?}");
            }
            assert_eq!(parse(text).err().as_ref(), Some(&faults), "the same file, the same faults");
        }
        Ok(checked) if checked.empty => {}
        Ok(checked) => {
            let compiled = block_on(Rules::unverifying(&checked.config));
            assert!(compiled.is_ok(), "taken, and not to be compiled: {compiled:?}");
            let value = checked.config.shown();
            let shown = to_yaml(&value);
            let again = parse(&shown);
            let again = again.unwrap_or_else(|faults| panic!("what is shown is refused: {faults}\n{shown}"));
            assert_eq!(again.config.shown(), value, "{shown}");
        }
    }
}
