# What test/deploy/terraform applies to moto: a pool with users, a network, and
# deploy/terraform with everything on.
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

variable "endpoint" {
  type = string
}

variable "users" {
  type    = number
  default = 21
}

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "AKIAMOTO000000000001"
  secret_key                  = "moto"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true

  endpoints {
    applicationautoscaling = var.endpoint
    cloudwatch             = var.endpoint
    cognitoidp             = var.endpoint
    dynamodb               = var.endpoint
    ec2                    = var.endpoint
    ecs                    = var.endpoint
    events                 = var.endpoint
    iam                    = var.endpoint
    kms                    = var.endpoint
    logs                   = var.endpoint
    scheduler              = var.endpoint
    sns                    = var.endpoint
    sqs                    = var.endpoint
    sts                    = var.endpoint
  }
}

resource "aws_cognito_user_pool" "this" {
  name                     = "rehearsal"
  auto_verified_attributes = ["email"]
  account_recovery_setting {
    recovery_mechanism {
      name     = "verified_email"
      priority = 1
    }
  }
}

resource "aws_cognito_user" "this" {
  count = var.users

  user_pool_id   = aws_cognito_user_pool.this.id
  username       = format("user%02d", count.index)
  password       = "Long-enough-Pa55word!"
  message_action = "SUPPRESS"
  attributes = {
    email          = format("user%02d@example.com", count.index)
    email_verified = "true"
  }
}

resource "aws_vpc" "this" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_subnet" "this" {
  vpc_id     = aws_vpc.this.id
  cidr_block = "10.0.1.0/24"
}

resource "aws_sns_topic" "security" {
  name = "security"
}

module "relock" {
  source = "../terraform"

  user_pool_ids        = [aws_cognito_user_pool.this.id]
  redrive_allow_policy = false # moto 5.2.1 lacks it
  deletion_protection  = false
  people_arns          = ["arn:aws:iam::123456789012:role/security"]
  image                = "relock:1"
  vpc_id               = aws_vpc.this.id
  subnet_ids           = [aws_subnet.this.id]
  metrics_cidr_blocks  = ["10.0.0.0/16"]
  alarm_topic_arns     = [aws_sns_topic.security.arn]
  schedule = {
    expression = "cron(0 3 1 1,4,7,10 ? *)"
    list       = ["--all-users"]
    max_users  = 50000
  }
}

output "user_pool_id" {
  value = aws_cognito_user_pool.this.id
}

output "queue_url" {
  value = module.relock.queue_url
}

output "dead_letter_queue_url" {
  value = module.relock.dead_letter_queue_url
}

output "ledger" {
  value = module.relock.ledger
}
