# With a provider that makes everything up: what is planned for which variables.
mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_resource "aws_sqs_queue" {
    defaults = {
      arn = "arn:aws:sqs:eu-west-1:123456789012:relock"
      url = "https://sqs.eu-west-1.amazonaws.com/123456789012/relock"
      id  = "https://sqs.eu-west-1.amazonaws.com/123456789012/relock"
    }
  }
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab" }
  }
  mock_resource "aws_dynamodb_table" {
    defaults = { arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/relock" }
  }
  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::123456789012:policy/relock" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/relock", id = "relock" }
  }
  mock_resource "aws_ecs_cluster" {
    defaults = { arn = "arn:aws:ecs:eu-west-1:123456789012:cluster/relock", id = "arn:aws:ecs:eu-west-1:123456789012:cluster/relock" }
  }
  mock_resource "aws_ecs_task_definition" {
    defaults = {
      arn                  = "arn:aws:ecs:eu-west-1:123456789012:task-definition/relock:1"
      arn_without_revision = "arn:aws:ecs:eu-west-1:123456789012:task-definition/relock"
    }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/relock/relock" }
  }
}

# The others have all one ARN.
override_resource {
  target = aws_iam_policy.this["reader"]
  values = { arn = "arn:aws:iam::123456789012:policy/relock-reader" }
}

variables {
  user_pool_ids = ["eu-west-1_AbCdEf123"]
}

run "stores_only" {
  assert {
    condition     = aws_dynamodb_table.ledger.point_in_time_recovery[0].enabled && aws_dynamodb_table.ledger.deletion_protection_enabled
    error_message = "The ledger needs point-in-time recovery and deletion protection."
  }
  assert {
    condition = one(aws_dynamodb_table.ledger.local_secondary_index).name == "by-place" && one(aws_dynamodb_table.ledger.local_secondary_index).projection_type == "ALL"

    error_message = "The ledger needs the index by-place with all attributes."
  }
  assert {
    condition     = jsondecode(aws_sqs_queue.this.redrive_policy).maxReceiveCount == 20
    error_message = "maxReceiveCount has to leave room: 20."
  }
  assert {
    condition     = aws_sqs_queue.dead_letters.message_retention_seconds > aws_sqs_queue.this.message_retention_seconds
    error_message = "The dead-letter queue has to keep messages for longer."
  }
  assert {
    condition     = aws_sqs_queue.this.kms_master_key_id == aws_kms_key.this[0].arn && aws_sqs_queue.dead_letters.kms_master_key_id == aws_kms_key.this[0].arn
    error_message = "Both queues have to be encrypted with the key."
  }
  assert {
    condition     = toset(keys(aws_iam_policy.this)) == toset(["enqueue", "worker", "operator", "reader"]) && alltrue([for p in aws_iam_policy.this : !strcontains(p.policy, "$${")])
    error_message = "A policy is missing, or not filled in."
  }
  assert {
    condition     = length(aws_ecs_service.worker) == 0 && length(aws_scheduler_schedule.this) == 0 && length(aws_iam_role.people) == 0
    error_message = "Without an image there is no service, no schedule, and without people no role."
  }
}

run "two_pools" {
  variables {
    user_pool_ids = ["eu-west-1_AbCdEf123", "eu-west-1_GhIjKl456"]
    key_arn       = "arn:aws:kms:eu-west-1:123456789012:key/mine"
  }
  assert {
    condition = [for s in jsondecode(aws_iam_policy.this["worker"].policy).Statement : s.Resource if s.Sid == "Reset"][0] == [
      "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_AbCdEf123",
      "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_GhIjKl456",
    ]
    error_message = "The worker's policy has to name both pools, and no other."
  }
  assert {
    condition     = length(aws_kms_key.this) == 0 && aws_sqs_queue.this.kms_master_key_id == "arn:aws:kms:eu-west-1:123456789012:key/mine"
    error_message = "A key of one's own has to be used."
  }
}

run "service" {
  variables {
    image               = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/relock:1"
    vpc_id              = "vpc-1"
    subnet_ids          = ["subnet-1", "subnet-2"]
    people_arns         = ["arn:aws:iam::123456789012:role/security"]
    metrics_cidr_blocks = ["10.0.0.0/8"]
  }
  assert {
    condition     = aws_ecs_service.worker[0].desired_count == 2 && aws_ecs_service.worker[0].deployment_minimum_healthy_percent == 100
    error_message = "One active worker, one standby, also during a deployment."
  }
  assert {
    condition = alltrue([for c in jsondecode(aws_ecs_task_definition.worker[0].container_definitions) :
    c.readonlyRootFilesystem && c.user == "65532:65532" && c.stopTimeout == 120 && c.linuxParameters.capabilities.drop == ["ALL"]])
    error_message = "Containers have to be non-root and read-only, and to have time to stop."
  }
  assert {
    condition     = toset(keys(aws_iam_role.people)) == toset(["enqueue", "operator"])
    error_message = "People need the roles enqueue and operator."
  }
  assert {
    condition     = aws_iam_role_policy_attachment.enqueue_reads[0].policy_arn == aws_iam_policy.this["reader"].arn && aws_iam_policy.this["reader"].arn != aws_iam_policy.this["operator"].arn
    error_message = "The role enqueue has to read the ledger by a policy of its own, not by the operator's."
  }
}

run "schedule" {
  variables {
    image            = "relock:1"
    vpc_id           = "vpc-1"
    subnet_ids       = ["subnet-1"]
    workers          = 0
    alarm_topic_arns = ["arn:aws:sns:eu-west-1:123456789012:security"]
    schedule = {
      expression = "cron(0 3 1 1,4,7,10 ? *)"
      list       = ["--all-users"]
      max_users  = 50000

      worker_flags = ["--rate", "12"]
    }
  }
  assert {
    condition = one([for c in jsondecode(aws_scheduler_schedule.this[0].target[0].input).containerOverrides :
    strcontains(join(" ", c.command), "--drain --job relock-<aws.scheduler.execution-id> --metrics-listen off --rate 12") if c.name == "worker"])
    error_message = "The run's worker has to have its flags."
  }
  assert {
    condition     = strcontains(aws_scheduler_schedule.this[0].target[0].input, "relock-<aws.scheduler.execution-id>")
    error_message = "The scheduler has to find its word in the input, unescaped."
  }
  assert {
    condition = alltrue([for c in jsondecode(aws_scheduler_schedule.this[0].target[0].input).containerOverrides :
    contains(c.command, "relock-<aws.scheduler.execution-id>")])
    error_message = "enqueue and worker have to name the same job."
  }
  assert {
    condition     = one([for c in jsondecode(aws_ecs_task_definition.scheduled[0].container_definitions) : c.dependsOn[0].condition if c.name == "worker"]) == "SUCCESS"
    error_message = "The worker has to wait until enqueue ended well."
  }
  assert {
    condition     = length(aws_cloudwatch_event_rule.failed) == 1 && length(aws_cloudwatch_event_target.failed) == 1
    error_message = "Somebody has to be told of a run that failed."
  }
  assert {
    condition     = length(aws_ecs_service.worker) == 0
    error_message = "workers = 0 means no service."
  }
}

run "bad_pool" {
  command = plan
  variables {
    user_pool_ids = ["AbCdEf123"]
  }
  expect_failures = [var.user_pool_ids]
}

run "no_pool" {
  command = plan
  variables {
    user_pool_ids = []
  }
  expect_failures = [var.user_pool_ids]
}

run "image_without_network" {
  command = plan
  variables {
    image = "relock:1"
  }
  expect_failures = [var.vpc_id, var.subnet_ids]
}

run "schedule_without_image" {
  command = plan
  variables {
    schedule = { expression = "rate(1 days)", list = ["--all-users"], max_users = 1 }
  }
  expect_failures = [var.schedule]
}
