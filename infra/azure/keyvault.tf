# Secrets are put here by you (README.md): Terraform's state holds none.
resource "azurerm_key_vault" "this" {
  name                = "${var.name}-vault"
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  tenant_id           = data.azurerm_client_config.deployer.tenant_id
  sku_name            = "standard"

  rbac_authorization_enabled = true
  purge_protection_enabled   = true
  soft_delete_retention_days = 30

  lifecycle { prevent_destroy = true }
  tags = local.tags
}
