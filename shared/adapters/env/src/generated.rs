//! The webhook secret that is made when nobody configured one.

use std::{
    fs, io,
    io::Write,
    path::{self, Path, PathBuf},
};

const FILE: &str = "webhook-secret";

/// The file `webhook-secret` in the data folder, made with 32 random bytes in hexadecimal if it is not there yet.
/// Whole or not at all, readable by its owner only; of two that make it at the same time one wins, and both use that.
pub fn generated_secret(data: &Path) -> io::Result<PathBuf> {
    let path = path::absolute(data.join(FILE))?;
    if path.try_exists()? {
        return Ok(path);
    }
    private_folder(data)?;
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    // A temporary file has the mode 0600 from the beginning.
    let mut file = tempfile::NamedTempFile::new_in(data)?;
    writeln!(file, "{}", hex::encode(random))?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(&path) {
        Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => Err(error.error),
        _ => Ok(path),
    }
}

/// Makes the folder with the mode 0700; one that is there stays as it is.
fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_made_once_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("deep/data");
        let path = generated_secret(&data).unwrap();
        let secret = fs::read_to_string(&path).unwrap();
        assert_eq!(path, data.join("webhook-secret"));
        assert_eq!(hex::decode(secret.trim_end()).unwrap().len(), 32);
        generated_secret(&data).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), secret, "what is there stays");
        assert_eq!(fs::read_dir(&data).unwrap().count(), 1, "nothing is left beside it");
        let other = generated_secret(&folder.path().join("other")).unwrap();
        assert_ne!(fs::read_to_string(other).unwrap(), secret);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let path = generated_secret(&data).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&data)), (0o600, 0o700));
    }
}
