# Raw deliveries and records. What lies here is the system: it is not destroyed with the rest.
resource "azurerm_storage_account" "data" {
  name                = "${var.name}data"
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location

  account_tier                    = "Standard"
  account_replication_type        = "ZRS"
  min_tls_version                 = "TLS1_2"
  https_traffic_only_enabled      = true
  shared_access_key_enabled       = false
  allow_nested_items_to_be_public = false

  blob_properties {
    delete_retention_policy { days = 7 }
    container_delete_retention_policy { days = 30 }
  }

  lifecycle { prevent_destroy = true }
  tags = local.tags
}

resource "azurerm_storage_container" "archive" {
  name                  = "archive"
  storage_account_id    = azurerm_storage_account.data.id
  container_access_type = "private"
}

resource "azurerm_storage_container" "records" {
  name                  = "records"
  storage_account_id    = azurerm_storage_account.data.id
  container_access_type = "private"
}

resource "azurerm_storage_container_immutability_policy" "archive" {
  count                                 = var.immutable_days > 0 ? 1 : 0
  storage_container_resource_manager_id = azurerm_storage_container.archive.id
  immutability_period_in_days           = var.immutable_days
  protected_append_writes_enabled       = false
}

resource "azurerm_storage_management_policy" "data" {
  storage_account_id = azurerm_storage_account.data.id

  rule {
    name    = "archive-ends"
    enabled = true
    filters {
      prefix_match = ["archive/"]
      blob_types   = ["blockBlob"]
    }
    actions {
      base_blob {
        tier_to_cool_after_days_since_modification_greater_than = 30
        delete_after_days_since_modification_greater_than       = var.archive_days
      }
    }
  }
  # Records end by their own time; what is left of them after a year nobody has asked for since.
  rule {
    name    = "records-end"
    enabled = true
    filters {
      prefix_match = ["records/"]
      blob_types   = ["blockBlob"]
    }
    actions {
      base_blob { delete_after_days_since_modification_greater_than = 365 }
    }
  }
}

# The Functions host's own: packages, leases of schedules.
resource "azurerm_storage_account" "host" {
  name                = "${var.name}host"
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location

  account_tier                    = "Standard"
  account_replication_type        = "LRS"
  min_tls_version                 = "TLS1_2"
  https_traffic_only_enabled      = true
  shared_access_key_enabled       = false
  allow_nested_items_to_be_public = false
  tags                            = local.tags
}

resource "azurerm_storage_container" "packages" {
  name                  = "packages"
  storage_account_id    = azurerm_storage_account.host.id
  container_access_type = "private"
}
