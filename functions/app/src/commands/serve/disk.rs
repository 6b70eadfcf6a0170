//! The disk under the store: full, and no webhook can be taken in. Told before that.

use std::path::Path;

use pointsman_host_http::Dependency;
use rustix::fs::statvfs;

/// Less than this, or than a twentieth of the disk where that is less, is told.
const LOW: u64 = 1 << 30;

/// A line of `/ready`.
pub fn dependency(data: &Path) -> Dependency {
    let told = Dependency::ok("disk");
    match statvfs(data) {
        Ok(disk) => state(
            told,
            disk.f_bavail.saturating_mul(disk.f_frsize),
            disk.f_blocks.saturating_mul(disk.f_frsize),
        ),
        Err(error) => told.degraded("cannot be looked at").because(Some(error.to_string())),
    }
}

fn state(told: Dependency, free: u64, all: u64) -> Dependency {
    if free < LOW.min(all / 20) {
        return told.degraded(format!("{} MB are free", free >> 20));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_is_nearly_full_is_told_before_it_is_full() {
        let told = |free, all| state(Dependency::ok("disk"), free, all).state;
        assert_eq!(told(2 << 30, 100 << 30), "ok");
        assert_eq!(told((1 << 30) - 1, 100 << 30), "1023 MB are free");
        assert_eq!(told(60 << 20, 1 << 30), "ok", "a twentieth of a small one");
        assert_eq!(told(50 << 20, 1 << 30), "50 MB are free");
    }

    #[test]
    fn the_disk_of_a_folder_can_be_looked_at() {
        let here = dependency(".".as_ref());
        assert_eq!(here.last_error, None, "{here:?}");
        let gone = dependency("/no/such/folder".as_ref());
        assert!(gone.ready && gone.degraded && gone.last_error.is_some(), "{gone:?}");
    }
}
