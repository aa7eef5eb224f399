# Fargate runs the workers: one is active, the others stand by and take over. They
# keep nothing on disk, and each task has an address of its own for Prometheus.
locals {
  service  = var.image != null
  flags    = ["--queue", aws_sqs_queue.this.url, "--ledger", "dynamodb://${aws_dynamodb_table.ledger.name}", "--log-format", "json"]
  pools    = flatten([for id in var.user_pool_ids : ["--user-pool-id", id]])
  log_name = "/relock/${var.name}"

  log = {
    logDriver = "awslogs"
    options = {
      awslogs-group         = local.log_name
      awslogs-region        = local.region
      awslogs-stream-prefix = "relock"
    }
  }

  # Non-root, nothing to write, no way to more rights.
  container = {
    image                  = var.image
    user                   = "65532:65532"
    readonlyRootFilesystem = true
    linuxParameters        = { capabilities = { drop = ["ALL"] }, initProcessEnabled = false }
    environment            = [{ name = "AWS_REGION", value = local.region }]
    logConfiguration       = local.log
    # Fargate's most. A worker told to stop needs 5 s, and a call under way 15.
    stopTimeout = 120
  }
}

resource "aws_cloudwatch_log_group" "this" {
  count = local.service ? 1 : 0

  name              = local.log_name
  retention_in_days = var.log_retention_days
}

resource "aws_ecs_cluster" "this" {
  count = local.service ? 1 : 0

  name = var.name
  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_security_group" "tasks" {
  count = local.service ? 1 : 0

  name        = "${var.name}-tasks"
  description = "Relock: out to AWS, in for Prometheus"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_egress_rule" "https" {
  count = local.service ? 1 : 0

  security_group_id = aws_security_group.tasks[0].id
  description       = "AWS"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}

resource "aws_vpc_security_group_ingress_rule" "metrics" {
  for_each = local.service ? toset(var.metrics_cidr_blocks) : toset([])

  security_group_id = aws_security_group.tasks[0].id
  description       = "Prometheus"
  ip_protocol       = "tcp"
  from_port         = 9464
  to_port           = 9464
  cidr_ipv4         = each.value
}

resource "aws_ecs_task_definition" "worker" {
  count = local.service ? 1 : 0

  family                   = "${var.name}-worker"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.task_cpu
  memory                   = var.task_memory
  task_role_arn            = aws_iam_role.worker[0].arn
  execution_role_arn       = aws_iam_role.execution[0].arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.cpu_architecture
  }

  container_definitions = jsonencode([merge(local.container, {
    name         = "worker"
    essential    = true
    entryPoint   = ["worker"]
    command      = concat(local.pools, local.flags, ["--metrics-listen", "0.0.0.0:9464"], var.worker_flags)
    portMappings = [{ containerPort = 9464, hostPort = 9464, protocol = "tcp" }]
  })])
}

resource "aws_ecs_service" "worker" {
  count = local.service && var.workers > 0 ? 1 : 0

  name            = "${var.name}-worker"
  cluster         = aws_ecs_cluster.this[0].id
  task_definition = aws_ecs_task_definition.worker[0].arn
  desired_count   = var.workers
  launch_type     = "FARGATE"

  # A new standby first, then the old ones one by one: the lease passes on.
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [aws_security_group.tasks[0].id]
    assign_public_ip = var.assign_public_ip
  }

  propagate_tags = "SERVICE"
}
