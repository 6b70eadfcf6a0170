# All that the functions may do, each right on the one thing that it is for. Whoever deploys may write secrets, and no more.

locals {
  rights = merge(
    # Intake sends to every queue, and every stage to its own dead letters.
    { for queue in azurerm_servicebus_queue.work : "send-${queue.name}" => [queue.id, "Azure Service Bus Data Sender"] },
    { for queue in azurerm_servicebus_queue.dead : "send-${queue.name}" => [queue.id, "Azure Service Bus Data Sender"] },
    # The host receives for the stages; your own subscriptions' queues are received from by whom you let.
    {
      for stage in local.stages :
      "receive-${stage}" => [azurerm_servicebus_queue.work[stage].id, "Azure Service Bus Data Receiver"]
    },
    {
      archive = [azurerm_storage_container.archive.id, "Storage Blob Data Contributor"]
      records = [azurerm_storage_container.records.id, "Storage Blob Data Contributor"]
      secrets = [azurerm_key_vault.this.id, "Key Vault Secrets User"]
      # Leases and packages: the host's own documentation asks for Owner.
      host    = [azurerm_storage_account.host.id, "Storage Blob Data Owner"]
      metrics = [azurerm_application_insights.this.id, "Monitoring Metrics Publisher"]
    },
  )
}

resource "azurerm_role_assignment" "functions" {
  for_each             = local.rights
  scope                = each.value[0]
  role_definition_name = each.value[1]
  principal_id         = azurerm_user_assigned_identity.functions.principal_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_role_assignment" "deployer" {
  scope                = azurerm_key_vault.this.id
  role_definition_name = "Key Vault Secrets Officer"
  principal_id         = data.azurerm_client_config.deployer.object_id
}
