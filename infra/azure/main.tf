locals {
  stages = ["release-orchestrator", "release-automator", "replay", "erase"]
  queues = setunion(toset(local.stages), var.subscriptions)
  tags   = merge({ app = "pointsman" }, var.tags)
}

resource "azurerm_resource_group" "this" {
  name     = var.name
  location = var.location
  tags     = local.tags
}

# Whom the functions act as: everything that they may do is in rights.tf.
resource "azurerm_user_assigned_identity" "functions" {
  name                = "${var.name}-functions"
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  tags                = local.tags
}
