locals {
  settings = {
    AzureWebJobsStorage__accountName              = azurerm_storage_account.host.name
    AzureWebJobsStorage__credential               = "managedidentity"
    AzureWebJobsStorage__clientId                 = azurerm_user_assigned_identity.functions.client_id
    POINTSMAN_SERVICEBUS__fullyQualifiedNamespace = "${azurerm_servicebus_namespace.this.name}.servicebus.windows.net"
    POINTSMAN_SERVICEBUS__credential              = "managedidentity"
    POINTSMAN_SERVICEBUS__clientId                = azurerm_user_assigned_identity.functions.client_id
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING     = "ClientId=${azurerm_user_assigned_identity.functions.client_id};Authorization=AAD"
    # What the program reads (docs/configuration.md).
    AZURE_CLIENT_ID              = azurerm_user_assigned_identity.functions.client_id
    POINTSMAN_CONFIG             = "pointsman.yaml"
    POINTSMAN_AZURE_NAMESPACE    = azurerm_servicebus_namespace.this.name
    POINTSMAN_AZURE_ACCOUNT      = azurerm_storage_account.data.name
    POINTSMAN_AZURE_CONTAINER    = azurerm_storage_container.archive.name
    POINTSMAN_AZURE_RECORDS      = azurerm_storage_container.records.name
    POINTSMAN_AZURE_VAULT        = azurerm_key_vault.this.name
    POINTSMAN_AZURE_QUEUE_PREFIX = var.queue_prefix
  }
}

resource "azurerm_service_plan" "this" {
  name                = "${var.name}-plan"
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  os_type             = "Linux"
  sku_name            = var.plan == "flex" ? "FC1" : "EP1"

  maximum_elastic_worker_count = var.plan == "flex" ? null : var.instances
  tags                         = local.tags
}

resource "azurerm_function_app_flex_consumption" "this" {
  count               = var.plan == "flex" ? 1 : 0
  name                = "${var.name}-functions"
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  service_plan_id     = azurerm_service_plan.this.id

  runtime_name           = "custom"
  runtime_version        = "1.0"
  maximum_instance_count = var.instances
  instance_memory_in_mb  = 2048
  https_only             = true

  storage_container_type            = "blobContainer"
  storage_container_endpoint        = "${azurerm_storage_account.host.primary_blob_endpoint}${azurerm_storage_container.packages.name}"
  storage_authentication_type       = "UserAssignedIdentity"
  storage_user_assigned_identity_id = azurerm_user_assigned_identity.functions.id

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.functions.id]
  }
  site_config {
    minimum_tls_version                    = "1.2"
    application_insights_connection_string = azurerm_application_insights.this.connection_string
  }
  app_settings = local.settings

  depends_on = [azurerm_role_assignment.functions]
  tags       = local.tags
}

resource "azurerm_linux_function_app" "this" {
  count               = var.plan == "premium" ? 1 : 0
  name                = "${var.name}-functions"
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  service_plan_id     = azurerm_service_plan.this.id

  storage_account_name          = azurerm_storage_account.host.name
  storage_uses_managed_identity = true
  https_only                    = true
  functions_extension_version   = "~4"
  builtin_logging_enabled       = false

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.functions.id]
  }
  site_config {
    minimum_tls_version                    = "1.2"
    ftps_state                             = "Disabled"
    elastic_instance_minimum               = 1
    application_insights_connection_string = azurerm_application_insights.this.connection_string
    application_stack { use_custom_runtime = true }
  }
  app_settings = merge(local.settings, { WEBSITE_RUN_FROM_PACKAGE = "1" })

  depends_on = [azurerm_role_assignment.functions]
  tags       = local.tags
}

locals {
  app = var.plan == "flex" ? azurerm_function_app_flex_consumption.this[0] : azurerm_linux_function_app.this[0]
}
