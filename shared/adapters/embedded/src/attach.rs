//! For commands: the store itself when nobody has it, else who has it.

use std::{path::Path, time::Duration};

use crate::{
    remote::Remote,
    store::{LOCK, OpenError, Options, Ports, Store},
};

/// How often, and how far apart, a holder is tried that just starts or ends.
const TRIES: u32 = 60;
const PAUSE: Duration = Duration::from_millis(50);

/// A store, one way or the other.
pub enum Attached {
    /// It is ours.
    Own(Store),
    /// Another process has it and answers for it.
    Remote(Ports),
}

impl Attached {
    /// All ports of it.
    pub fn ports(&self) -> Ports {
        match self {
            Self::Own(store) => store.ports(),
            Self::Remote(ports) => ports.clone(),
        }
    }

    /// Lets go of it.
    pub async fn close(self) {
        if let Self::Own(store) = self {
            store.close().await;
        }
    }
}

/// Opens the store, or speaks to who holds it; waits a moment for one that just starts or ends.
pub async fn attach(data: &Path, options: Options) -> Result<Attached, OpenError> {
    let mut tries = 0;
    loop {
        let held = match Store::open(data, options.clone()).await {
            Err(OpenError::Held { data, holder }) => OpenError::Held { data, holder },
            opened => return opened.map(Attached::Own),
        };
        if let OpenError::Held { holder: Some(holder), .. } = &held
            && holder.port != 0
            && let Ok(remote) = Remote::connect(&data.join(LOCK), holder).await
        {
            return Ok(Attached::Remote(Ports::of(remote)));
        }
        tries += 1;
        if tries == TRIES {
            return Err(held);
        }
        tokio::time::sleep(PAUSE).await;
    }
}
