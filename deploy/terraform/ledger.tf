# Keys and index are those that internal/ledger expects; the index cannot be added
# to a table that exists.
resource "aws_dynamodb_table" "ledger" {
  name         = var.name
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "pk"
  range_key    = "sk"

  attribute {
    name = "pk"
    type = "S"
  }
  attribute {
    name = "sk"
    type = "S"
  }
  attribute {
    name = "place"
    type = "N"
  }

  local_secondary_index {
    name            = "by-place"
    range_key       = "place"
    projection_type = "ALL"
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = local.key_arn
  }

  deletion_protection_enabled = var.deletion_protection
}
