//! Who we are, by the variables that Azure's own tools set: the only place here that reads the environment.

use std::{env, sync::Arc};

use azure_core::{
    credentials::{Secret, TokenCredential},
    http::ClientOptions,
};
use azure_identity::{
    ClientSecretCredential, ClientSecretCredentialOptions, DeveloperToolsCredential,
    ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId, WorkloadIdentityCredential,
    WorkloadIdentityCredentialOptions,
};

/// A function's identity comes first: what a deployment sets up counts more than what lies around.
pub(crate) fn credential(options: ClientOptions) -> azure_core::Result<Arc<dyn TokenCredential>> {
    let client = variable("AZURE_CLIENT_ID");
    if variable("IDENTITY_ENDPOINT").is_some() {
        let options = ManagedIdentityCredentialOptions {
            user_assigned_id: client.map(UserAssignedId::ClientId),
            client_options: options,
        };
        return Ok(ManagedIdentityCredential::new(Some(options))?);
    }
    if variable("AZURE_FEDERATED_TOKEN_FILE").is_some() {
        return Ok(WorkloadIdentityCredential::new(Some(workload(options)))?);
    }
    if let (Some(tenant), Some(client), Some(secret)) =
        (variable("AZURE_TENANT_ID"), client, variable("AZURE_CLIENT_SECRET"))
    {
        let options = ClientSecretCredentialOptions { client_options: options };
        return Ok(ClientSecretCredential::new(&tenant, client, Secret::new(secret), Some(options))?);
    }
    Ok(DeveloperToolsCredential::new(None)?)
}

fn workload(options: ClientOptions) -> WorkloadIdentityCredentialOptions {
    let mut workload = WorkloadIdentityCredentialOptions::default();
    workload.credential_options.client_options = options;
    workload
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
