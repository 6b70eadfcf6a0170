//! The environment's words on where things are on AWS, over the file's: a stack's functions have theirs there.

use std::env;

use pointsman_core::config::{
    Config,
    aws::{BUCKET, PREFIX, TABLE, check_bucket, check_prefix, check_table},
};

use crate::LoadError;

/// `POINTSMAN_AWS_BUCKET`, `POINTSMAN_AWS_TABLE` and `POINTSMAN_AWS_QUEUE_PREFIX` over the section `aws`; of a
/// configuration of another backend nothing. An empty variable is one that is not there.
pub fn places(config: &mut Config) -> Result<(), LoadError> {
    over(config, |name| env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
}

fn over(config: &mut Config, variable: impl Fn(&str) -> Option<String>) -> Result<(), LoadError> {
    if !config.is_aws() {
        return Ok(());
    }
    let checked = |name: &'static str, check: fn(&str) -> Result<(), String>| match variable(name) {
        Some(value) if !value.is_empty() => match check(&value) {
            Ok(()) => Ok(Some(value)),
            Err(fault) => Err(LoadError::Variable { name, fault }),
        },
        _ => Ok(None),
    };
    let aws = config.aws.get_or_insert_default();
    aws.bucket = checked(BUCKET, check_bucket)?.or(aws.bucket.take());
    aws.table = checked(TABLE, check_table)?.or(aws.table.take());
    if let Some(prefix) = checked(PREFIX, check_prefix)? {
        aws.prefix = prefix;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use pointsman_core::config::{Backend, aws::Aws};

    use super::*;

    fn of(backend: Backend, variables: &[(&str, &str)]) -> Result<Option<Aws>, LoadError> {
        let aws = Aws { bucket: Some("of-the-file".into()), ..Aws::default() };
        let mut config = Config { backend, aws: Some(aws), ..Config::default() };
        over(&mut config, |name| Some(variables.iter().find(|(it, _)| *it == name)?.1.to_owned()))?;
        Ok(config.aws)
    }

    #[test]
    fn the_environments_words_come_over_the_files() {
        let aws = of(Backend::Aws, &[(TABLE, "records"), (BUCKET, "")]).unwrap().unwrap();
        let file = (aws.bucket.as_deref(), aws.table.as_deref(), aws.prefix.as_str());
        assert_eq!(file, (Some("of-the-file"), Some("records"), "pointsman-"));
        let aws = of(Backend::Aws, &[(BUCKET, "raw"), (PREFIX, "dev-")]).unwrap().unwrap();
        assert_eq!((aws.bucket.as_deref(), aws.prefix.as_str()), (Some("raw"), "dev-"));
        let untouched = of(Backend::Embedded, &[(BUCKET, "No Bucket")]).unwrap().unwrap();
        assert_eq!(untouched.bucket.as_deref(), Some("of-the-file"), "another backend minds no variable");
    }

    #[test]
    fn a_name_that_aws_would_refuse_is_told_with_its_variable() {
        for (name, value) in [(BUCKET, "s3://raw"), (TABLE, "a"), (PREFIX, "pointsman-dev-")] {
            let error = of(Backend::Aws, &[(name, value)]).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains(value), "{error}");
        }
    }
}
