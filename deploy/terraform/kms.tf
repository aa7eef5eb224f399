# One key for both queues and the table. Sending needs kms:GenerateDataKey and
# kms:Decrypt, receiving kms:Decrypt: the policies of ../iam grant that, through
# SQS only. DynamoDB uses the key for whoever may use the table, as with its own
# key. Source: "DynamoDB encryption at rest usage notes" and "Key management" in
# the developer guides of DynamoDB and SQS.
resource "aws_kms_key" "this" {
  count = var.key_arn == null ? 1 : 0

  description             = "Relock ${var.name}: queues and ledger"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.key.json
}

resource "aws_kms_alias" "this" {
  count = var.key_arn == null ? 1 : 0

  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this[0].key_id
}

locals {
  key_arn = var.key_arn != null ? var.key_arn : aws_kms_key.this[0].arn
}

data "aws_iam_policy_document" "key" {
  statement {
    sid       = "AccountDecides"
    actions   = ["kms:*"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account}:root"]
    }
  }

  statement {
    sid = "ThroughDynamoDB"
    actions = [
      "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey", "kms:CreateGrant",
    ]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
    condition {
      test     = "StringEquals"
      variable = "kms:CallerAccount"
      values   = [local.account]
    }
    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["dynamodb.${local.region}.amazonaws.com"]
    }
  }
}
