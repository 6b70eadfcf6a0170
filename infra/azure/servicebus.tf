resource "azurerm_servicebus_namespace" "this" {
  name                = "${var.name}-bus"
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  sku                 = var.service_bus
  capacity            = var.service_bus == "Premium" ? 1 : 0

  premium_messaging_partitions = var.service_bus == "Premium" ? 1 : 0

  local_auth_enabled  = false
  minimum_tls_version = "1.2"
  tags                = local.tags
}

# A message waits at most 30 s a delivery, and throttling may last 12 h: 1,440 deliveries. Attempts are counted by us, and
# die in the queue's own dead letters below; the broker's are for what no function ever answered.
resource "azurerm_servicebus_queue" "work" {
  for_each     = local.queues
  name         = "${var.queue_prefix}${each.key}"
  namespace_id = azurerm_servicebus_namespace.this.id

  requires_session                        = true
  requires_duplicate_detection            = true
  duplicate_detection_history_time_window = "PT10M"
  lock_duration                           = "PT1M"
  max_delivery_count                      = 2000
  default_message_ttl                     = "P14D"
  dead_lettering_on_message_expiration    = true
}

resource "azurerm_servicebus_queue" "dead" {
  for_each     = local.queues
  name         = "${var.queue_prefix}${each.key}_dead"
  namespace_id = azurerm_servicebus_namespace.this.id

  requires_session                     = true
  requires_duplicate_detection         = true
  lock_duration                        = "PT1M"
  max_delivery_count                   = 2000
  default_message_ttl                  = "P14D"
  dead_lettering_on_message_expiration = true
}
