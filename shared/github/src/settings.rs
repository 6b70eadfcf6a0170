//! A target's settings: those at its head over those above, or the last good ones while they are broken.

use std::collections::BTreeMap;

use pointsman_core::{
    config::{self, Layers},
    port::{ErrorKind, Expect, PortError, Records},
    release::{
        Settings, Source,
        errand::Place,
        settings::{self, FILE, Layer},
    },
};

/// Longer settings are not kept for the day on which they are broken: a record has room for 64 kB.
const LONGEST: usize = 60_000;

/// Settings above a repository's own.
#[derive(Debug, Clone, Default)]
pub struct Above {
    /// For all repositories.
    pub central: Option<Layer>,
    /// By organisation, in lower case.
    pub organisations: BTreeMap<String, Layer>,
}

impl From<&config::Release> for Above {
    fn from(release: &config::Release) -> Self {
        let Layers { central, organisations } = release.layers.clone();
        Self { central, organisations }
    }
}

/// What holds for a target, before it is narrowed to it.
#[derive(Debug, Clone, PartialEq)]
pub enum InForce {
    /// As the target's head says.
    Read(Box<Settings>),
    /// The head's have faults.
    Broken {
        /// The faults, for people.
        faults: String,
        /// The last ones that had none.
        settings: Option<Box<Settings>>,
    },
}

impl InForce {
    /// The settings, if any are in force.
    pub fn settings(self) -> Option<Settings> {
        match self {
            Self::Read(settings) => Some(*settings),
            Self::Broken { settings, .. } => settings.map(|settings| *settings),
        }
    }
}

impl Above {
    /// Those that are over a repository of this owner, lowest first.
    fn of(&self, place: &Place) -> Vec<Layer> {
        let owner = place.key();
        let owner = owner.split('/').next().unwrap_or_default();
        self.central.iter().chain(self.organisations.get(owner)).cloned().collect()
    }

    /// What holds on `target`, whose head `source` is.
    pub async fn in_force(
        &self,
        place: &Place,
        target: &str,
        source: &dyn Source,
        records: &dyn Records,
    ) -> Result<InForce, PortError> {
        let key = format!("release/settings/{}/{target}", place.key());
        let kept = records.get(&key).await?.and_then(|it| serde_json::from_slice::<Settings>(&it.value).ok());
        let faults = match source.read(FILE).await {
            Ok(text) => match self.resolved(place, text.as_deref()) {
                Ok(settings) => {
                    if kept.as_ref() != Some(&settings) {
                        keep(&key, &settings, records).await?;
                    }
                    return Ok(InForce::Read(Box::new(settings)));
                }
                Err(faults) => faults,
            },
            // No text, or too long to be one.
            Err(error) if error.kind == ErrorKind::Invalid => error.to_string(),
            Err(error) => return Err(error),
        };
        Ok(InForce::Broken { faults, settings: kept.map(Box::new) })
    }

    fn resolved(&self, place: &Place, text: Option<&str>) -> Result<Settings, String> {
        let mut layers = self.of(place);
        if let Some(text) = text {
            layers.push(settings::read(text, FILE).map_err(|faults| faults.to_string())?.layer);
        }
        settings::resolve(&layers).map_err(|faults| faults.to_string())
    }
}

async fn keep(key: &str, settings: &Settings, records: &dyn Records) -> Result<(), PortError> {
    let value = serde_json::to_vec(settings)
        .map_err(|error| PortError::internal("settings cannot be written as a record").caused_by(error))?;
    if value.len() > LONGEST {
        return records.delete(key, Expect::Anything).await;
    }
    records.put_if(key, value.into(), Expect::Anything, None).await.map(drop)
}
