# Everything around the function app: `terraform apply -var name=... -var location=...`. No shared key anywhere: identities.

terraform {
  required_version = ">= 1.9"
  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 4.40"
    }
  }
}

provider "azurerm" {
  features {
    key_vault { purge_soft_delete_on_destroy = false }
  }
  storage_use_azuread = true
}

data "azurerm_client_config" "deployer" {}
