# A run by the clock: one task in which enqueue sends the job and, after it has
# ended well, a worker drains it. Where the service runs too, its active worker
# does the work and the task waits for it. Nothing is tried again by itself: exit
# code 3 says that some users failed, and another run would not change that.
locals {
  scheduled = var.schedule != null
  job       = "${var.name}-<aws.scheduler.execution-id>" # a new one for every run
}

resource "aws_iam_role" "scheduled" {
  count = local.scheduled ? 1 : 0

  name               = "${var.name}-scheduled"
  assume_role_policy = data.aws_iam_policy_document.tasks.json
}

resource "aws_iam_role_policy_attachment" "scheduled" {
  for_each = local.scheduled ? toset(["enqueue", "worker"]) : toset([])

  role       = aws_iam_role.scheduled[0].name
  policy_arn = aws_iam_policy.this[each.key].arn
}

resource "aws_ecs_task_definition" "scheduled" {
  count = local.scheduled ? 1 : 0

  family                   = "${var.name}-scheduled"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.task_cpu
  memory                   = var.task_memory
  task_role_arn            = aws_iam_role.scheduled[0].arn
  execution_role_arn       = aws_iam_role.execution[0].arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.cpu_architecture
  }

  # enqueue sorts long lists in temporary files.
  volume {
    name = "tmp"
  }

  # The commands come with each run, for they name its job.
  container_definitions = jsonencode([
    merge(local.container, {
      name        = "enqueue"
      essential   = false
      entryPoint  = ["enqueue"]
      command     = ["--version"]
      mountPoints = [{ sourceVolume = "tmp", containerPath = "/tmp", readOnly = false }]
    }),
    merge(local.container, {
      name       = "worker"
      essential  = true
      entryPoint = ["worker"]
      command    = ["--version"]
      dependsOn  = [{ containerName = "enqueue", condition = "SUCCESS" }]
    }),
  ])
}

resource "aws_iam_role" "scheduler" {
  count = local.scheduled ? 1 : 0

  name = "${var.name}-scheduler"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "scheduler.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "scheduler" {
  count = local.scheduled ? 1 : 0

  name = "run-the-task"
  role = aws_iam_role.scheduler[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Action    = "ecs:RunTask"
        Resource  = "${aws_ecs_task_definition.scheduled[0].arn_without_revision}:*"
        Condition = { ArnEquals = { "ecs:cluster" = aws_ecs_cluster.this[0].arn } }
      },
      {
        Effect    = "Allow"
        Action    = "iam:PassRole"
        Resource  = [aws_iam_role.scheduled[0].arn, aws_iam_role.execution[0].arn]
        Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
      },
    ]
  })
}

resource "aws_scheduler_schedule" "this" {
  count = local.scheduled ? 1 : 0

  name                         = var.name
  description                  = "Relock: a mass reset by the clock"
  schedule_expression          = var.schedule.expression
  schedule_expression_timezone = var.schedule.timezone

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_ecs_cluster.this[0].arn
    role_arn = aws_iam_role.scheduler[0].arn

    ecs_parameters {
      task_definition_arn = aws_ecs_task_definition.scheduled[0].arn
      task_count          = 1
      launch_type         = "FARGATE"
      network_configuration {
        subnets          = var.subnet_ids
        security_groups  = [aws_security_group.tasks[0].id]
        assign_public_ip = var.assign_public_ip
      }
    }

    # jsonencode writes < as an escape, and the scheduler would not know its own
    # word again.
    input = replace(replace(jsonencode({
      containerOverrides = [
        {
          name = "enqueue"
          command = concat(local.pools, local.flags,
            ["--job", local.job, "--reason", "scheduled", "--yes", "--max-users", tostring(var.schedule.max_users)],
          var.schedule.flags, var.schedule.list)
        },
        {
          name    = "worker"
          command = concat(local.pools, local.flags, ["--drain", "--job", local.job, "--metrics-listen", "off"], var.schedule.worker_flags)
        },
      ]
    }), "\\u003c", "<"), "\\u003e", ">")

    # A run that could not be started is started again within the hour; one that
    # was started is not.
    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 3
    }
  }
}

# Whoever listens is told of a scheduled run that did not end with 0.
resource "aws_cloudwatch_event_rule" "failed" {
  count = local.scheduled && length(var.alarm_topic_arns) > 0 ? 1 : 0

  name        = "${var.name}-scheduled-run-failed"
  description = "A scheduled run of Relock ended with another exit code than 0, or never began"
  event_pattern = jsonencode({
    source      = ["aws.ecs"]
    detail-type = ["ECS Task State Change"]
    detail = {
      clusterArn = [aws_ecs_cluster.this[0].arn]
      group      = ["family:${aws_ecs_task_definition.scheduled[0].family}"]
      lastStatus = ["STOPPED"]
      "$or" = [
        { containers = { exitCode = [{ anything-but = 0 }] } },
        { stopCode = ["TaskFailedToStart"] },
      ]
    }
  })
}

resource "aws_cloudwatch_event_target" "failed" {
  count = local.scheduled ? length(var.alarm_topic_arns) : 0

  rule = aws_cloudwatch_event_rule.failed[0].name
  arn  = var.alarm_topic_arns[count.index]
}
