# The figures that the functions export (docs/observability.md), as charts. They lie where an OpenTelemetry receiver puts them:
# `customMetrics` of Application Insights, by their own names.
locals {
  charts = [
    { title = "Webhooks, by what was answered", name = "pointsman.deliveries", by = "result", value = "sum(valueSum)" },
    { title = "Wanted, by subscription", name = "pointsman.routed", by = "subscription", value = "sum(valueSum)" },
    { title = "Time to the answer (s, mean)", name = "http.server.request.duration", by = "http.route", value = "sum(valueSum) / sum(valueCount)" },
    { title = "What stages answered", name = "pointsman.outcomes", by = "outcome", value = "sum(valueSum)" },
    { title = "Handlers (s, mean)", name = "messaging.process.duration", by = "messaging.destination.name", value = "sum(valueSum) / sum(valueCount)" },
    { title = "Sends (s, mean)", name = "messaging.client.operation.duration", by = "messaging.destination.name", value = "sum(valueSum) / sum(valueCount)" },
    { title = "Dead letters, by reason", name = "pointsman.dead_letters", by = "reason", value = "sum(valueSum)" },
    { title = "Skipped queues", name = "pointsman.circuit.open", by = "queue", value = "max(valueMax)" },
    { title = "Recovery", name = "pointsman.recovered", by = "result", value = "sum(valueSum)" },
    { title = "GitHub's limit, what is left", name = "pointsman.github.remaining", by = "resource", value = "min(valueMin)" },
  ]
}

resource "azurerm_application_insights_workbook" "this" {
  name                = uuidv5("url", azurerm_application_insights.this.id)
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  display_name        = var.name
  source_id           = lower(azurerm_application_insights.this.id)
  tags                = local.tags

  data_json = jsonencode({
    version             = "Notebook/1.0"
    fallbackResourceIds = [azurerm_application_insights.this.id]
    items = concat(
      [{
        type = 9
        name = "time"
        content = {
          version = "KqlParameterItem/1.0"
          parameters = [{
            id           = "7d1b2a50-8d3a-4b52-9a0e-2f6a3d1c5e01"
            version      = "KqlParameterItem/1.0"
            name         = "TimeRange"
            type         = 4
            isRequired   = true
            value        = { durationMs = 21600000 }
            typeSettings = { selectableValues = [{ durationMs = 3600000 }, { durationMs = 21600000 }, { durationMs = 86400000 }, { durationMs = 604800000 }] }
          }]
          style        = "pills"
          queryType    = 0
          resourceType = "microsoft.insights/components"
        }
      }],
      [for chart in local.charts : {
        type        = 3
        name        = chart.name
        customWidth = "50"
        content = {
          version                  = "KqlItem/1.0"
          title                    = chart.title
          query                    = "customMetrics | where name == '${chart.name}' | extend by = tostring(customDimensions['${chart.by}']) | summarize ${chart.value} by by, bin(timestamp, {TimeRange:grain}) | render timechart"
          size                     = 0
          timeContextFromParameter = "TimeRange"
          queryType                = 0
          resourceType             = "microsoft.insights/components"
        }
      }]
    )
  })
}
