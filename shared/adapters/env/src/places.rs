//! The environment's words on where things are in a cloud, over the file's: a deployment's functions have theirs there.

use std::env;

use pointsman_core::config::{
    Config,
    aws::{BUCKET, PREFIX, TABLE, check_bucket, check_prefix, check_table},
    azure::{self, check_container, check_place},
};

use crate::LoadError;

/// `POINTSMAN_AWS_BUCKET`, `POINTSMAN_AWS_TABLE` and `POINTSMAN_AWS_QUEUE_PREFIX` over the section `aws`, those that begin
/// with `POINTSMAN_AZURE_` over the section `azure`; of a configuration of another backend nothing. An empty variable is
/// one that is not there.
pub fn places(config: &mut Config) -> Result<(), LoadError> {
    over(config, |name| env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
}

fn over(config: &mut Config, variable: impl Fn(&str) -> Option<String>) -> Result<(), LoadError> {
    let checked = |name: &'static str, check: fn(&str) -> Result<(), String>| match variable(name) {
        Some(value) if !value.is_empty() => match check(&value) {
            Ok(()) => Ok(Some(value)),
            Err(fault) => Err(LoadError::Variable { name, fault }),
        },
        _ => Ok(None),
    };
    if config.is_azure() {
        let azure = config.azure.get_or_insert_default();
        azure.namespace = checked(azure::NAMESPACE, check_place)?.or(azure.namespace.take());
        azure.account = checked(azure::ACCOUNT, check_place)?.or(azure.account.take());
        azure.vault = checked(azure::VAULT, check_place)?.or(azure.vault.take());
        azure.amqp = checked(azure::AMQP, azure::check_amqp)?.or(azure.amqp.take());
        let over = |to: &mut String, value: Option<String>| *to = value.unwrap_or(std::mem::take(to));
        over(&mut azure.container, checked(azure::CONTAINER, check_container)?);
        over(&mut azure.records, checked(azure::RECORDS, check_container)?);
        over(&mut azure.prefix, checked(azure::PREFIX, check_prefix)?);
    }
    if !config.is_aws() {
        return Ok(());
    }
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
    fn the_environment_says_where_things_are_on_azure() {
        let mut config = Config { backend: Backend::Azure, ..Config::default() };
        let variables = [(azure::ACCOUNT, "archive1"), (azure::NAMESPACE, "bus1"), (azure::RECORDS, "marks")];
        over(&mut config, |name| Some(variables.iter().find(|(it, _)| *it == name)?.1.to_owned())).unwrap();
        let places = config.azure_places().unwrap();
        assert_eq!(places.namespace, "https://bus1.servicebus.windows.net");
        assert_eq!((places.container.as_str(), places.records.as_str()), ("archive", "marks"));
        let error = over(&mut config, |name| (name == azure::RECORDS).then(|| "No Container".into()));
        assert!(error.unwrap_err().to_string().contains(azure::RECORDS));
    }

    #[test]
    fn a_name_that_aws_would_refuse_is_told_with_its_variable() {
        for (name, value) in [(BUCKET, "s3://raw"), (TABLE, "a"), (PREFIX, "pointsman-dev-")] {
            let error = of(Backend::Aws, &[(name, value)]).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains(value), "{error}");
        }
    }
}
