output "webhooks" {
  description = "Where GitHub sends to; the source's name follows."
  value       = "https://${local.app.default_hostname}/webhooks/"
}

output "app" {
  description = "The function app: `az functionapp deployment source config-zip --name APP --resource-group GROUP --src dist/azure.zip`."
  value       = local.app.name
}

output "group" {
  description = "The resource group of all of it."
  value       = azurerm_resource_group.this.name
}

output "vault" {
  description = "Where secrets are put: `az keyvault secret set --vault-name VAULT --name NAME --value ...`."
  value       = azurerm_key_vault.this.name
}

output "environment" {
  description = "What the pointsman command needs to look at the system."
  value = {
    POINTSMAN_AZURE_NAMESPACE    = azurerm_servicebus_namespace.this.name
    POINTSMAN_AZURE_ACCOUNT      = azurerm_storage_account.data.name
    POINTSMAN_AZURE_CONTAINER    = azurerm_storage_container.archive.name
    POINTSMAN_AZURE_RECORDS      = azurerm_storage_container.records.name
    POINTSMAN_AZURE_VAULT        = azurerm_key_vault.this.name
    POINTSMAN_AZURE_QUEUE_PREFIX = var.queue_prefix
  }
}
