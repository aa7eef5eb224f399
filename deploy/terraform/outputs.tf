output "queue_url" {
  description = "For --queue, or RELOCK_QUEUE."
  value       = aws_sqs_queue.this.url
}

output "dead_letter_queue_url" {
  description = "Where messages go that could not be worked off."
  value       = aws_sqs_queue.dead_letters.url
}

output "ledger" {
  description = "For --ledger, or RELOCK_LEDGER."
  value       = "dynamodb://${aws_dynamodb_table.ledger.name}"
}

output "key_arn" {
  description = "The KMS key of queues and table."
  value       = local.key_arn
}

output "policy_arns" {
  description = "The policies of enqueue, worker, operator and reader, for roles of your own (IRSA, EC2)."
  value       = { for name, p in aws_iam_policy.this : name => p.arn }
}

output "role_arns" {
  description = "The roles that people take on, where people_arns names any."
  value       = { for name, r in aws_iam_role.people : name => r.arn }
}

output "cluster_name" {
  description = "The ECS cluster, where there is one."
  value       = one(aws_ecs_cluster.this[*].name)
}
