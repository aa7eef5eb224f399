#!/bin/sh
# SQS, Cognito, DynamoDB and STS by moto, on a free port of loopback. It says its
# address itself; it ends when standard input does, so nothing outlives a test
# that is killed.
moto_server -H 127.0.0.1 -p 0 </dev/null &
server=$!
trap 'kill $server 2>/dev/null' EXIT
read -r _
