variable "name" {
  description = "What everything is called: queue NAME, dead-letter queue NAME-dlq, table NAME, roles NAME-worker and so on."
  type        = string
  default     = "relock"

  validation {
    condition     = can(regex("^[a-zA-Z0-9][a-zA-Z0-9-]{2,39}$", var.name))
    error_message = "Use 3 to 40 letters, digits and dashes: the name goes into the names of queues, tables and roles."
  }
}

variable "user_pool_ids" {
  description = "The user pools whose users may be reset, all in this account and Region. Nobody of another pool can be."
  type        = list(string)

  validation {
    condition     = length(var.user_pool_ids) > 0 && alltrue([for id in var.user_pool_ids : can(regex("^[a-z0-9-]+_[0-9a-zA-Z]+$", id))])
    error_message = "Name at least one user pool, as in eu-west-1_AbCdEf123."
  }
}

variable "key_arn" {
  description = "A KMS key of your own for queues and table; it has to let DynamoDB use it (see kms.tf). Null makes one."
  type        = string
  default     = null
}

variable "redrive_allow_policy" {
  description = "Whether only the queue may use the dead-letter queue. False where the stand-in for AWS does not know that."
  type        = bool
  default     = true
}

variable "deletion_protection" {
  description = "Whether the ledger's table refuses to be deleted. It is the evidence of what was done."
  type        = bool
  default     = true
}

variable "people_arns" {
  description = "Who may take on the roles NAME-enqueue and NAME-operator: ARNs of roles or users. With none the roles are not made; the policies are."
  type        = list(string)
  default     = []
}

variable "image" {
  description = "The container image, with its digest or tag. Null makes no service and no schedule: only what they need."
  type        = string
  default     = null
}

variable "vpc_id" {
  description = "The VPC of the tasks. It needs a way to AWS: a NAT gateway, or endpoints for sqs, dynamodb, cognito-idp, logs, sts, servicequotas, SES (email) and the registry. Where Service Quotas cannot be reached the quota is taken for AWS's default, and where SES cannot, its limits are not known."
  type        = string
  default     = null

  validation {
    condition     = var.image == null || var.vpc_id != null
    error_message = "With an image, name the VPC of the tasks."
  }
}

variable "subnet_ids" {
  description = "The subnets of the tasks, in two zones or more."
  type        = list(string)
  default     = []

  validation {
    condition     = var.image == null || length(var.subnet_ids) > 0
    error_message = "With an image, name the subnets of the tasks."
  }
}

variable "assign_public_ip" {
  description = "Whether the tasks get a public address: only in subnets without a NAT gateway."
  type        = bool
  default     = false
}

variable "metrics_cidr_blocks" {
  description = "Where Prometheus scrapes from, port 9464. With none nobody can reach the tasks."
  type        = list(string)
  default     = []
}

variable "workers" {
  description = "How many workers the service runs: one is active, the others stand by. 0 where only scheduled runs work."
  type        = number
  default     = 2
}

variable "worker_flags" {
  description = "Further flags of the service's workers, as in [\"--rate\", \"20\"]."
  type        = list(string)
  default     = []
}

variable "task_cpu" {
  description = "CPU units of a task."
  type        = number
  default     = 256
}

variable "task_memory" {
  description = "Memory of a task in MiB. A worker keeps below 64 MiB."
  type        = number
  default     = 512
}

variable "cpu_architecture" {
  description = "What the image was built for: X86_64 or ARM64."
  type        = string
  default     = "X86_64"
}

variable "log_retention_days" {
  description = "How long the logs are kept. They hold no usernames unless a program is told to log them."
  type        = number
  default     = 90
}

variable "schedule" {
  description = <<-EOT
    A run by the clock, for example every quarter; it needs an image.
    expression and timezone: as EventBridge Scheduler takes them, as in cron(0 3 1 1,4,7,10 ? *).
    list: flags of enqueue that name the users, as in ["--all-users"].
    max_users: more than that refuses to start.
    flags: further flags of enqueue.
    worker_flags: further flags of the run's worker, as in ["--rate", "12"].
  EOT
  type = object({
    expression = string
    timezone   = optional(string, "UTC")
    list       = list(string)
    max_users  = number
    flags      = optional(list(string), [])

    worker_flags = optional(list(string), [])
  })
  default = null

  validation {
    condition     = var.schedule == null || var.image != null
    error_message = "A schedule needs an image."
  }
  validation {
    condition     = var.schedule == null || length(var.user_pool_ids) == 1
    error_message = "A scheduled job is for one user pool: make another instance of this module for another."
  }
}

variable "alarm_topic_arns" {
  description = "SNS topics that alarms and failed runs go to. With none there are alarms that nobody hears."
  type        = list(string)
  default     = []
}

variable "oldest_message_alarm_hours" {
  description = "Alarm when a message has waited so long. The queue keeps messages for 12 days."
  type        = number
  default     = 96
}
