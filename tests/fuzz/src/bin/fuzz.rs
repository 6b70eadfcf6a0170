//! libFuzzer over the target that `POINTSMAN_FUZZ` names; with `POINTSMAN_SEEDS=FOLDER` it only writes what each may begin
//! with. Built by scripts/fuzz.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
mod fuzzing {
    use std::{env, path::Path, process::exit, sync::LazyLock};

    use pointsman_fuzz::{TARGETS, named, seeds};

    static TARGET: LazyLock<fn(&[u8])> = LazyLock::new(|| {
        let name = env::var("POINTSMAN_FUZZ").unwrap_or_default();
        named(&name).unwrap_or_else(|| {
            let known: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
            panic!("POINTSMAN_FUZZ={name} names no target: {}", known.join(", "))
        })
    });

    libfuzzer_sys::fuzz_target!(
        init: {
            if let Some(folder) = env::var_os("POINTSMAN_SEEDS") {
                for (name, _) in TARGETS {
                    seeds::write(name, &Path::new(&folder).join(name)).expect("the folder can be written to");
                    println!("{name}");
                }
                exit(0);
            }
        },
        |data: &[u8]| TARGET(data)
    );
}

/// Without libFuzzer there is nothing to be done here.
#[cfg(not(fuzzing))]
fn main() {
    eprintln!("this program is built by scripts/fuzz: run that, such as `scripts/fuzz 5`");
    std::process::exit(2);
}
