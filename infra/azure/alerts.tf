resource "azurerm_log_analytics_workspace" "this" {
  name                = "${var.name}-logs"
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  sku                 = "PerGB2018"
  retention_in_days   = 30
  tags                = local.tags
}

resource "azurerm_application_insights" "this" {
  name                = "${var.name}-insights"
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  workspace_id        = azurerm_log_analytics_workspace.this.id
  application_type    = "other"

  local_authentication_enabled = false
  tags                         = local.tags
}

resource "azurerm_monitor_action_group" "this" {
  name                = "${var.name}-alerts"
  resource_group_name = azurerm_resource_group.this.name
  short_name          = var.name
  tags                = local.tags

  dynamic "email_receiver" {
    for_each = var.alert_email == "" ? [] : [var.alert_email]
    content {
      name                    = "people"
      email_address           = email_receiver.value
      use_common_alert_schema = true
    }
  }
}

# In our own dead letters: told with the first one.
resource "azurerm_monitor_metric_alert" "dead" {
  for_each            = azurerm_servicebus_queue.dead
  name                = "${each.value.name}-is-not-empty"
  description         = "${each.key} has dead letters: `pointsman dead-letters list ${each.key}` says why, `retry` sends them again."
  resource_group_name = azurerm_resource_group.this.name
  scopes              = [azurerm_servicebus_namespace.this.id]
  frequency           = "PT5M"
  window_size         = "PT5M"
  severity            = 2
  tags                = local.tags

  criteria {
    metric_namespace = "Microsoft.ServiceBus/namespaces"
    metric_name      = "ActiveMessages"
    aggregation      = "Maximum"
    operator         = "GreaterThan"
    threshold        = 0
    dimension {
      name     = "EntityName"
      operator = "Include"
      values   = [each.value.name]
    }
  }
  action { action_group_id = azurerm_monitor_action_group.this.id }
}

# In the broker's: no function answered in 2,000 deliveries, or the message waited for two weeks.
resource "azurerm_monitor_metric_alert" "broker_dead" {
  for_each            = azurerm_servicebus_queue.work
  name                = "${each.value.name}-was-given-up"
  description         = "The broker gave messages of ${each.key} up: no function answered. Is the app running, and may it receive?"
  resource_group_name = azurerm_resource_group.this.name
  scopes              = [azurerm_servicebus_namespace.this.id]
  frequency           = "PT5M"
  window_size         = "PT5M"
  severity            = 1
  tags                = local.tags

  criteria {
    metric_namespace = "Microsoft.ServiceBus/namespaces"
    metric_name      = "DeadletteredMessages"
    aggregation      = "Maximum"
    operator         = "GreaterThan"
    threshold        = 0
    dimension {
      name     = "EntityName"
      operator = "Include"
      values   = [each.value.name]
    }
  }
  action { action_group_id = azurerm_monitor_action_group.this.id }
}

# Service Bus has no age of the oldest message: something waits for half an hour, and nothing was completed.
resource "azurerm_monitor_metric_alert" "age" {
  for_each            = azurerm_servicebus_queue.work
  name                = "${each.value.name}-lags"
  description         = "Messages of ${each.key} have waited for half an hour, and none was done: its consumer is away, or fails each time."
  resource_group_name = azurerm_resource_group.this.name
  scopes              = [azurerm_servicebus_namespace.this.id]
  frequency           = "PT5M"
  window_size         = "PT30M"
  severity            = 2
  tags                = local.tags

  criteria {
    metric_namespace = "Microsoft.ServiceBus/namespaces"
    metric_name      = "ActiveMessages"
    aggregation      = "Minimum"
    operator         = "GreaterThan"
    threshold        = 0
    dimension {
      name     = "EntityName"
      operator = "Include"
      values   = [each.value.name]
    }
  }
  criteria {
    metric_namespace = "Microsoft.ServiceBus/namespaces"
    metric_name      = "CompleteMessage"
    aggregation      = "Total"
    operator         = "LessThan"
    threshold        = 1
    dimension {
      name     = "EntityName"
      operator = "Include"
      values   = [each.value.name]
    }
  }
  action { action_group_id = azurerm_monitor_action_group.this.id }
}

resource "azurerm_monitor_metric_alert" "server_errors" {
  name                = "${var.name}-intake-5xx"
  description         = "Webhooks were answered with 5xx: GitHub does not send them again by itself, recover fetches them. The app's traces say why."
  resource_group_name = azurerm_resource_group.this.name
  scopes              = [local.app.id]
  frequency           = "PT5M"
  window_size         = "PT5M"
  severity            = 1
  tags                = local.tags

  criteria {
    metric_namespace = "Microsoft.Web/sites"
    metric_name      = "Http5xx"
    aggregation      = "Total"
    operator         = "GreaterThan"
    threshold        = 0
  }
  action { action_group_id = azurerm_monitor_action_group.this.id }
}

resource "azurerm_monitor_scheduled_query_rules_alert_v2" "recover" {
  name                 = "${var.name}-recover-fails"
  description          = "recover has not succeeded for half an hour: what was lost on the way is not looked for. The app's traces say why."
  resource_group_name  = azurerm_resource_group.this.name
  location             = azurerm_resource_group.this.location
  scopes               = [azurerm_application_insights.this.id]
  evaluation_frequency = "PT15M"
  window_duration      = "PT30M"
  severity             = 2
  tags                 = local.tags

  criteria {
    query                   = "requests | where name == 'recover' and success == true"
    time_aggregation_method = "Count"
    operator                = "LessThan"
    threshold               = 1
  }
  action { action_groups = [azurerm_monitor_action_group.this.id] }
}
