# What can be seen without Prometheus. The alerts of dashboards/rules see more.
locals {
  queue_dimensions = { QueueName = aws_sqs_queue.this.name }
}

resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  alarm_name          = "${var.name}-dead-letters"
  alarm_description   = "Messages in the dead-letter queue: users who have not been reset. See RelockDeadLetters in docs/runbook.md."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.dead_letters.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
}

resource "aws_cloudwatch_metric_alarm" "oldest" {
  alarm_name          = "${var.name}-oldest-message"
  alarm_description   = "A message has waited for ${var.oldest_message_alarm_hours} hours; the queue drops it after 12 days. See RelockWillMissRetention in docs/runbook.md."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = local.queue_dimensions
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 3
  threshold           = var.oldest_message_alarm_hours * 3600
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
}

# Users wait, and nobody deletes a message: halted, paused or dead.
resource "aws_cloudwatch_metric_alarm" "no_progress" {
  alarm_name          = "${var.name}-no-progress"
  alarm_description   = "Messages wait, and none has been worked off for half an hour. See RelockNoProgress in docs/runbook.md."
  evaluation_periods  = 6
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns

  metric_query {
    id          = "stuck"
    expression  = "IF(FILL(deleted, 0) > 0, 0, FILL(waiting, 0))"
    label       = "messages waiting while none is worked off"
    return_data = true
  }

  metric_query {
    id = "waiting"
    metric {
      namespace   = "AWS/SQS"
      metric_name = "ApproximateNumberOfMessagesVisible"
      dimensions  = local.queue_dimensions
      period      = 300
      stat        = "Minimum"
    }
  }

  metric_query {
    id = "deleted"
    metric {
      namespace   = "AWS/SQS"
      metric_name = "NumberOfMessagesDeleted"
      dimensions  = local.queue_dimensions
      period      = 300
      stat        = "Sum"
    }
  }
}

# The users' own recovery shares this quota: their throttles count here as well.
# Cognito's developer guide says that it does not use the dimension Class; others
# that say so are seen with the value None. An alarm has to name all dimensions, so
# this one asks for both.
resource "aws_cloudwatch_metric_alarm" "throttles" {
  alarm_name          = "${var.name}-recovery-throttled"
  alarm_description   = "Cognito throttles account recovery, the users' own too. See RelockThrottleRatioHigh in docs/runbook.md."
  evaluation_periods  = 3
  threshold           = 90
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns

  metric_query {
    id          = "throttled"
    expression  = "FILL(plain, 0) + FILL(classed, 0)"
    label       = "throttled calls of account recovery"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { plain = {}, classed = { Class = "None" } }
    content {
      id = metric_query.key
      metric {
        namespace   = "AWS/Usage"
        metric_name = "ThrottleCount"
        dimensions  = merge({ Service = "Cognito user pool", Type = "API", Resource = "UserAccountRecovery" }, metric_query.value)
        period      = 300
        stat        = "Sum"
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "workers" {
  count = local.service && var.workers > 0 ? 1 : 0

  alarm_name          = "${var.name}-workers"
  alarm_description   = "No worker runs. See RelockNoActiveWorker in docs/runbook.md."
  namespace           = "ECS/ContainerInsights"
  metric_name         = "RunningTaskCount"
  dimensions          = { ClusterName = aws_ecs_cluster.this[0].name, ServiceName = aws_ecs_service.worker[0].name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 5
  threshold           = 1
  comparison_operator = "LessThanThreshold"
  treat_missing_data  = "breaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
}

resource "aws_cloudwatch_metric_alarm" "ledger_throttled" {
  for_each = toset(["ReadThrottleEvents", "WriteThrottleEvents"])

  alarm_name          = "${var.name}-ledger-${each.key}"
  alarm_description   = "DynamoDB throttles the ledger: the job slows down, nothing is lost."
  namespace           = "AWS/DynamoDB"
  metric_name         = each.key
  dimensions          = { TableName = aws_dynamodb_table.ledger.name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 2
  threshold           = 10
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
}
