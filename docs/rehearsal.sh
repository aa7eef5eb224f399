#!/usr/bin/env bash
# A night rehearsed: a list with rubbish in it, users who must not be touched, a
# sign-out, a worker that is killed, credentials that expire, a pause, a retry of
# the failed, and the evidence in the morning. Everything runs against the stand-in
# for AWS on loopback; no account, no network.
#
#   make build && PATH="$PWD/bin:$PATH" docs/rehearsal.sh [FOLDER]
#
# FOLDER keeps the lists, the ledger, the evidence and the root; without it, a
# temporary folder is used and removed. docs/rehearsal.md shows what it prints.
set -euo pipefail

if [ $# -gt 0 ]; then
  mkdir -p "$1"
  cd "$1"
else
  cd "$(mktemp -d)"
  trash=$PWD
fi
background=()
clean() {
  for pid in "${background[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  if [ -n "${trash:-}" ]; then rm -rf "$trash"; fi
}
trap clean EXIT

say() { printf '\n== %s\n' "$*"; }
exec 3>&2
fail() { printf 'rehearsal: %s\n' "$*" >&3; exit 1; }
# code N COMMAND…: COMMAND has to exit with N.
code() {
  local want=$1 got=0
  shift
  "$@" || got=$?
  [ "$got" = "$want" ] || fail "exit code $got, want $want: $*"
}
# figure NAME: a number of the job's JSON document.
figure() { job status --json "$JOB" | grep -o "\"$1\":[0-9]*" | head -n 1 | cut -d: -f2; }
done_so_far() { echo $(($(figure targets) - $(figure pending))); }
# new_credentials: from now on the stand-in accepts them again.
new_credentials() {
  local to=${AWS_ENDPOINT_URL#http://} reply
  exec 4<>"/dev/tcp/${to%:*}/${to#*:}"
  printf 'DELETE /_sandbox/faults HTTP/1.0\r\nHost: %s\r\n\r\n' "$to" >&4
  read -r reply <&4
  exec 4<&-
  case $reply in *' 20'*) ;; *) fail "ending the faults: $reply" ;; esac
}
# until_done N: waits until N targets have an outcome.
until_done() {
  for _ in $(seq 600); do
    if [ "$(done_so_far)" -ge "$1" ]; then return; fi
    sleep 0.1
  done
  fail "$1 outcomes did not come"
}

JOB=inc-2026-1123
export RELOCK_USER_POOL_ID=eu-west-1_Rehearse1 RELOCK_METRICS_LISTEN=off
# Short, so that what a killed worker held comes again soon.
export RELOCK_VISIBILITY=15s RELOCK_CALL_TIMEOUT=4s RELOCK_CLAIM_LEASE=10s
export AWS_REGION=eu-west-1 AWS_ACCESS_KEY_ID=REHEARSAL AWS_SECRET_ACCESS_KEY=rehearsal
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true

say 'The pool: 600 users, some of them disabled, federated or without a contact'
{
  echo 'username,sub,email,email_verified,status,enabled'
  for i in $(seq -f '%03.0f' 0 599); do
    verified=true status=CONFIRMED enabled=true
    case $i in
      *50) enabled=false ;;
      *60) status=EXTERNAL_PROVIDER ;;
      *70) verified=false ;;
    esac
    echo "user-$i,00000000-0000-4000-8000-000000000$i,user-$i@example.com,$verified,$status,$enabled"
  done
} > pool.csv

# The trigger rejects five users of the first run; the credentials expire once.
sandbox serve --listen 127.0.0.1:0 --log calls.jsonl --seed 1 \
  --pool "$RELOCK_USER_POOL_ID,alias=email,email=DEVELOPER" --pool-users pool.csv \
  --quota UserAccountRecovery=60 --quota UserUpdate=60 \
  --fault latency@cognito-idp=1,fixed:20ms \
  --fault lambda-reject@cognito-idp.AdminResetUserPassword=1,skip=40,count=5 \
  --fault expired-token@cognito-idp.AdminResetUserPassword=1,skip=250 \
  > sandbox.txt &
background+=($!)
for _ in $(seq 100); do
  url=$(sed -n 's/^listening on //p' sandbox.txt)
  if [ -n "$url" ]; then break; fi
  sleep 0.1
done
[ -n "$url" ] || fail 'the sandbox does not listen'
export AWS_ENDPOINT_URL=$url

say 'The list: 400 rows, of which 12 are rubbish; a third names users by e-mail or sub'
{
  echo 'username,team'
  for i in $(seq -f '%03.0f' 0 387); do
    case $i in
      *3 | *7) echo "user-$i@example.com,blue" ;;
      *9) echo "00000000-0000-4000-8000-000000000$i,green" ;;
      *) echo "user-$i,red" ;;
    esac
  done
  for i in 1 2 3 4 5; do echo "gone-$i,red"; done           # no such users
  echo 'user-000,red'                                       # twice in the list
  echo 'user-001,red'
  printf 'bell\007,red\n'                                   # a control character
  printf '%0129d,red\n' 7                                   # longer than Cognito's limit
  echo ',red'                                               # no name at all
  echo 'short'                                              # a row that is too short
  echo 'has space,red'                                      # Cognito would refuse it
} > users.csv

say 'The administrators who must not be touched, under other names than the list uses'
{
  echo 'email'
  echo 'user-010@example.com'                               # the list says user-010
  echo 'user-020@example.com'
} > break-glass.csv
{
  echo 'username'
  echo 'user-013'                                           # the list says the e-mail
  echo 'user-019'                                           # the list says the sub
} > service-accounts.csv

say 'Look first: nothing is sent'
code 1 enqueue --dry-run users.csv
code 0 enqueue --dry-run --skip-invalid --exclude break-glass.csv --exclude service-accounts.csv --sign-out users.csv

say 'Send'
enqueue --job "$JOB" --reason 'INC-1123, tokens in a public bucket' \
  --skip-invalid --rejects rejects.csv --exclude break-glass.csv --exclude service-accounts.csv \
  --sign-out --yes --max-users 400 users.csv

say 'Work; the worker is killed in the middle'
worker --drain > worker-1.txt 2>&1 &
victim=$!
until_done 100
kill -9 "$victim"
wait "$victim" 2>/dev/null || true
echo "killed after $(done_so_far) of $(figure targets)"

say 'Go on; the credentials expire, and the worker halts'
code 4 worker --drain > worker-2.txt 2>&1
grep -m 1 'halted' worker-2.txt
new_credentials

say 'New credentials; go on, and pause on the way'
worker --drain --rate 15 > worker-3.txt 2>&1 &
last=$!
background+=("$last")
until_done 270
job pause "$JOB"
sleep 5
paused=$(done_so_far)
sleep 3
[ "$(done_so_far)" = "$paused" ] || fail "the pause was not obeyed: $paused, then $(done_so_far)"
echo "paused at $paused"
job resume "$JOB"
code 3 wait "$last"
cat worker-3.txt | tail -n 20

say 'The failed, once more, now that the trigger is mended'
job failed "$JOB" > failed.csv
enqueue --retry-failed "$JOB" --outcome lambda_rejected --job "$JOB-retry" --reason 'the trigger is mended' --yes --max-users 50
code 0 worker --drain --job "$JOB-retry" > worker-4.txt 2>&1

say 'The morning'
job status "$JOB"
job still-open "$JOB"
job evidence --output evidence.html "$JOB"
grep -o 'root=[0-9a-f]\{64\}' worker-3.txt | head -n 1 | cut -d= -f2 > root.txt
job verify --root "$(cat root.txt)" "$JOB"

say 'The account of every row'
rows=$(figure rows) targets=$(figure targets)
echo "$rows rows = $targets targets + $(figure duplicates) duplicates + $(figure excluded) excluded + $(figure invalid) not valid"
[ "$rows" = 400 ] || fail "$rows rows, want 400"
[ "$rows" = $((targets + $(figure duplicates) + $(figure excluded) + $(figure invalid))) ] || fail 'the rows do not add up'
[ "$(figure pending)" = 0 ] || fail 'somebody is pending'
[ "$(figure excluded)" = 4 ] || fail 'not every exclusion was found'
for i in 010 013 019 020; do
  if grep '"AdminResetUserPassword"' calls.jsonl | grep -q "user-$i\|000000000$i"; then fail "user-$i was touched"; fi
done

say 'The rehearsal is over; nobody was lost, nobody excluded was touched'
