//! `env:`, `file:` and `literal:` secrets. They are read each time, so that a rotated file counts at once.

use std::{
    env,
    fs::File,
    io::{self, ErrorKind as Io, Read},
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use pointsman_core::port::{ErrorKind, PortError, Secret, SecretRef, Secrets};

/// The longest secret's file, in bytes.
const LONGEST: u64 = 64 * 1024;

/// Secrets of this machine.
#[derive(Debug, Clone)]
pub struct EnvSecrets {
    folder: PathBuf,
}

impl EnvSecrets {
    /// Relative `file:` paths begin in this folder: that of the configuration file.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }
}

#[async_trait]
impl Secrets for EnvSecrets {
    async fn get(&self, reference: &SecretRef) -> Result<Vec<Secret>, PortError> {
        let secret = match reference {
            SecretRef::Env(name) => variable(name)?,
            SecretRef::File(path) => file(&self.folder.join(path))?,
            SecretRef::Literal(text) => Secret::new(text.as_bytes()),
            SecretRef::AzureSecret { .. } => {
                let message =
                    format!("{reference} lies in Azure Key Vault, which only `backend: azure` reads");
                return Err(PortError::invalid(message));
            }
            SecretRef::AwsSecret { .. } => {
                let message =
                    format!("{reference} lies in AWS Secrets Manager, which only `backend: aws` reads");
                return Err(PortError::invalid(message));
            }
        };
        Ok(vec![secret])
    }
}

fn variable(name: &str) -> Result<Secret, PortError> {
    // `var_os` panics on neither, but says no more than "not there" for names that cannot be.
    let value = env::var_os(name).map(|value| value.into_encoded_bytes()).unwrap_or_default();
    if value.is_empty() {
        let message = format!("the environment variable {name} is not set or empty: set it before the start");
        return Err(PortError::not_found(message));
    }
    Ok(Secret::new(value))
}

fn file(path: &Path) -> Result<Secret, PortError> {
    let shown = path.display();
    let mut bytes = read(path).map_err(|error| match error.kind() {
        Io::NotFound => PortError::not_found(format!("there is no file {shown}: put the secret there")),
        Io::PermissionDenied => PortError::new(
            ErrorKind::Denied,
            format!("the file {shown} may not be read: give the right to read it"),
        ),
        _ => PortError::unavailable(format!("the file {shown} cannot be read")).caused_by(error),
    })?;
    if bytes.len() as u64 > LONGEST {
        return Err(PortError::invalid(format!("the file {shown} is longer than 64 kB: that is no secret")));
    }
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
    }
    if bytes.is_empty() {
        return Err(PortError::not_found(format!("the file {shown} is empty: put the secret there")));
    }
    Ok(Secret::new(bytes))
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    // Room for all from the beginning: a vector that grew would leave parts of the secret behind in freed memory.
    let mut bytes = Vec::with_capacity(LONGEST as usize + 2);
    File::open(path)?.take(LONGEST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    async fn get(secrets: &EnvSecrets, reference: &str) -> Result<Vec<u8>, PortError> {
        let found = secrets.get(&reference.parse().expect("a reference")).await?;
        Ok(found[0].expose().to_vec())
    }

    #[tokio::test]
    async fn a_file_is_relative_to_the_folder_and_loses_one_newline() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = EnvSecrets::new(folder.path());
        let cases: [(&[u8], &[u8]); 5] =
            [(b"a", b"a"), (b"a\n", b"a"), (b"a\r\n", b"a"), (b"a\n\n", b"a\n"), (b" a\xff ", b" a\xff ")];
        for (content, secret) in cases {
            fs::write(folder.path().join("s"), content).unwrap();
            assert_eq!(get(&secrets, "file:s").await.unwrap(), secret, "{content:?}");
        }
        let absolute = format!("file:{}", folder.path().join("s").display());
        assert_eq!(get(&EnvSecrets::new("/nowhere"), &absolute).await.unwrap(), b" a\xff ");
    }

    #[tokio::test]
    async fn what_is_missing_empty_or_too_long_is_told_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = EnvSecrets::new(folder.path());
        fs::write(folder.path().join("empty"), "\n").unwrap();
        fs::write(folder.path().join("long"), vec![b'x'; 64 * 1024 + 1]).unwrap();
        let cases = [
            ("file:none", ErrorKind::NotFound, "none: put the secret there"),
            ("file:empty", ErrorKind::NotFound, "empty is empty"),
            ("file:long", ErrorKind::Invalid, "long is longer than 64 kB"),
            ("file:.", ErrorKind::Unavailable, "cannot be read"),
            (
                "env:POINTSMAN_TEST_IS_NOT_SET",
                ErrorKind::NotFound,
                "variable POINTSMAN_TEST_IS_NOT_SET is not set",
            ),
            ("env:A=B", ErrorKind::NotFound, "variable A=B is not set"),
        ];
        for (reference, kind, part) in cases {
            let error = get(&secrets, reference).await.unwrap_err();
            assert_eq!(error.kind, kind, "{reference}");
            assert!(error.to_string().contains(part), "{error}");
        }
    }

    #[tokio::test]
    async fn a_variable_and_a_literal_are_taken_as_they_are() {
        let secrets = EnvSecrets::new(".");
        let path = get(&secrets, "env:PATH").await.unwrap();
        assert_eq!(path, env::var_os("PATH").unwrap().into_encoded_bytes());
        assert_eq!(get(&secrets, "literal: a\n").await.unwrap(), b" a\n");
    }
}
