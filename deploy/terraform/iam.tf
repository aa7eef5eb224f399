# The policies are templates in ../iam, which the tests of the programs use too.
locals {
  policy_values = {
    region                = local.region
    queue_arn             = aws_sqs_queue.this.arn
    dead_letter_queue_arn = aws_sqs_queue.dead_letters.arn
    key_arn               = local.key_arn
    table_arn             = aws_dynamodb_table.ledger.arn
    user_pool_arns = join("\", \"", [
      for id in var.user_pool_ids : "arn:${local.partition}:cognito-idp:${local.region}:${local.account}:userpool/${id}"
    ])
  }
  people = length(var.people_arns) > 0 ? toset(["enqueue", "operator"]) : toset([])
}

resource "aws_iam_policy" "this" {
  for_each = toset(["enqueue", "worker", "operator", "reader"])

  name = "${var.name}-${each.key}"
  description = lookup({
    operator = "What Relock's job may do."
    reader   = "What Relock's job needs to read the ledger, and to change nothing."
  }, each.key, "What Relock's ${each.key} may do.")
  policy = templatefile("${path.module}/../iam/${each.key}.json", local.policy_values)
}

resource "aws_iam_role" "people" {
  for_each = local.people

  name                 = "${var.name}-${each.key}"
  max_session_duration = 43200
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { AWS = var.people_arns }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "people" {
  for_each = local.people

  role       = aws_iam_role.people[each.key].name
  policy_arn = aws_iam_policy.this[each.key].arn
}

# Who sends a job may see what becomes of it, and no more: to pause, resume and cancel
# is the operator's.
resource "aws_iam_role_policy_attachment" "enqueue_reads" {
  count = length(local.people) > 0 ? 1 : 0

  role       = aws_iam_role.people["enqueue"].name
  policy_arn = aws_iam_policy.this["reader"].arn
}
