# A message's age counts from when it was first sent, in the dead-letter queue too:
# so that queue keeps messages for longer, 14 days, the most that SQS knows.
resource "aws_sqs_queue" "dead_letters" {
  name                              = "${var.name}-dlq"
  message_retention_seconds         = 1209600
  receive_wait_time_seconds         = 20
  kms_master_key_id                 = local.key_arn
  kms_data_key_reuse_period_seconds = 300
}

# maxReceiveCount leaves room: halts, restarts and take-overs each cost a message a
# receive, and none of them is its fault.
resource "aws_sqs_queue" "this" {
  name                              = var.name
  message_retention_seconds         = 1036800
  visibility_timeout_seconds        = 120
  receive_wait_time_seconds         = 20
  kms_master_key_id                 = local.key_arn
  kms_data_key_reuse_period_seconds = 300
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    maxReceiveCount     = 20
  })
}

resource "aws_sqs_queue_redrive_allow_policy" "dead_letters" {
  count = var.redrive_allow_policy ? 1 : 0

  queue_url = aws_sqs_queue.dead_letters.id
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.this.arn]
  })
}

resource "aws_sqs_queue_policy" "tls" {
  for_each = { queue = aws_sqs_queue.this, dead_letters = aws_sqs_queue.dead_letters }

  queue_url = each.value.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OnlyTLS"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = each.value.arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}
