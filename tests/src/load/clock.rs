//! A server's wall clock that can be made to jump: a small library of ours, preloaded (`clock.c`, built by `cc`).

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The clock of the servers that were started with it.
pub struct Jumping {
    library: PathBuf,
    off: PathBuf,
}

impl Jumping {
    /// Builds it in this folder.
    pub fn build(folder: &Path) -> Self {
        let (source, library, off) =
            (folder.join("clock.c"), folder.join("clock.so"), folder.join("clock.off"));
        fs::write(&source, include_str!("clock.c")).expect("the folder can be written");
        fs::write(&off, 0_i64.to_ne_bytes()).expect("the folder can be written");
        let mut cc = Command::new("cc");
        cc.args(["-shared", "-fPIC", "-O2", "-o"]).arg(&library).arg(&source).arg("-ldl");
        let built = cc.output().expect("a C compiler is there, the store needs one too");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        Self { library, off }
    }

    /// A program that is started so has this clock.
    pub fn wind(&self, command: &mut Command) {
        command.env("LD_PRELOAD", &self.library).env("LOAD_CLOCK", &self.off);
    }

    /// From now on it is off by so many seconds.
    pub fn jump(&self, seconds: i64) {
        use std::os::unix::fs::FileExt as _;
        let file = fs::OpenOptions::new().write(true).open(&self.off).expect("the file is there");
        // In place: the servers have it mapped.
        file.write_all_at(&seconds.to_ne_bytes(), 0).expect("the folder can be written");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_lives_in_the_time_that_it_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Jumping::build(folder.path());
        let year = || {
            let mut command = Command::new("date");
            clock.wind(&mut command);
            let told = command.args(["-u", "+%s"]).output().unwrap();
            String::from_utf8(told.stdout).unwrap().trim().parse::<i64>().unwrap()
        };
        let now = jiff::Timestamp::now().as_second();
        assert!((year() - now).abs() < 60);
        clock.jump(-3600);
        assert!((year() - now + 3600).abs() < 60);
    }
}
