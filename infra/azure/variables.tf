variable "name" {
  description = "What all names begin with: 3 to 12 of a-z and 0-9, beginning with a letter; unique in all of Azure."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9]{2,11}$", var.name))
    error_message = "3 to 12 of a-z and 0-9, beginning with a letter."
  }
}

variable "location" {
  description = "The region, such as westeurope; Flex Consumption is not in all of them."
  type        = string
}

variable "plan" {
  description = "flex: Flex Consumption, scales to nothing; premium: an Elastic Premium instance that is always there."
  type        = string
  default     = "flex"
  validation {
    condition     = contains(["flex", "premium"], var.plan)
    error_message = "flex or premium."
  }
}

variable "instances" {
  description = "The most instances at the same time."
  type        = number
  default     = 40
}

variable "service_bus" {
  description = "The namespace's plan: Standard (messages of 256 kB) or Premium (100 MB)."
  type        = string
  default     = "Standard"
  validation {
    condition     = contains(["Standard", "Premium"], var.service_bus)
    error_message = "Standard or Premium."
  }
}

variable "subscriptions" {
  description = "The queues of your own subscriptions, as pointsman.yaml names them; those of the stages are there anyhow."
  type        = set(string)
  default     = []
}

variable "queue_prefix" {
  description = "What the queues' names on Service Bus begin with."
  type        = string
  default     = "pointsman-"
}

variable "archive_days" {
  description = "How long raw deliveries are kept."
  type        = number
  default     = 90
}

variable "immutable_days" {
  description = "How long nobody can change or remove a raw delivery, the stage erase included; 0 = not at all."
  type        = number
  default     = 0
}

variable "alert_email" {
  description = "Who is told; empty = the alerts are there and tell nobody."
  type        = string
  default     = ""
}

variable "tags" {
  description = "Of everything that can have some."
  type        = map(string)
  default     = {}
}
