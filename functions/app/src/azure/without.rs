//! A program that was built without Azure says so.

use pointsman_core::port::PortError;
use pointsman_env::Loaded;

use crate::world::World;

/// Never.
pub async fn open(_: Loaded) -> Result<World, PortError> {
    let how = "this program was built without Azure: build it with \
               cargo build --release -p pointsman-app --bin azure --features azure (scripts/package-azure does)";
    Err(PortError::invalid(how))
}
