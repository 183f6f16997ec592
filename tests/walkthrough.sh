#!/usr/bin/env bash
# Runs the README's walk-through, its commands as they stand there, against a started server, and checks what they did.
#   tests/walkthrough.sh                    against `docker compose up --wait`, as the demo account
#   API=http://… TOKEN=… tests/walkthrough.sh   against another server
# Prints `N passed, N failed`; exits with 1 if any failed. Ends the instances that it made. Needs bash, curl and jq.
set -uo pipefail
cd "$(dirname "$0")/.."
API=${API:-http://127.0.0.1:8080}
TOKEN=${TOKEN:-$(docker compose exec -T server cat /run/cloudlab/demo.token)} || exit 1
[ -n "$TOKEN" ] || { echo "no token" >&2; exit 1; }
AUTH="Authorization: Bearer $TOKEN"
passed=0 failed=0 output=$(mktemp)
trap 'rm -f "$output"' EXIT

# As the README calls it, but an answer that is an error is a failure.
curl() { command curl --fail-with-body --max-time 60 "$@"; }

count() { # count STATUS WHAT
  if [ "$1" -eq 0 ]; then passed=$((passed + 1)); printf 'ok    %s\n' "$2"
  else failed=$((failed + 1)); printf 'FAIL  %s\n' "$2"; sed 's/^/      /' "$output" | head -20; fi
}

states() { command curl -s -H "$AUTH" "$API/v1/instances" | jq -r '.instances[].state'; }

settled() { # waits until no instance is on its way to another state
  for _ in $(seq 600); do
    states >"$output" || return 1
    grep -qxE 'pending|stopping|shutting-down' "$output" || return 0
    sleep 0.1
  done
  return 1
}

shows() { # shows PATH TEXT: waits until the answer has the text
  for _ in $(seq 600); do
    command curl -s -H "$AUTH" "$API$1" >"$output"
    grep -qF -- "$2" "$output" && return 0
    sleep 0.1
  done
  return 1
}

blocks() { # blocks HEADING: the lines of the section's sh blocks
  awk -v heading="## $1" '/^## /{inside = $0 == heading} /^```/{code = inside && /sh$/; next} code' README.md
}

run() { # run HEADING: the section's commands, one after the other
  local statement='' line
  while IFS= read -r line <&3; do
    statement+="${statement:+$'\n'}$line"
    bash -n <<<"$statement" 2>/dev/null || continue
    if [[ $statement != API=* ]]; then
      eval "$statement" >"$output" 2>&1 </dev/null
      count $? "${statement%%$'\n'*}"
      settled || count 1 "the instances settle"
      [[ $statement != */console ]] || { shows "/v1/instances/$ID/console" '/ # '; count $? "the guest has booted to its prompt"; }
    fi
    statement=''
  done 3< <(blocks "$1")
  [ -z "$statement" ] || { echo "$statement" >"$output"; count 1 "the last command of '$1' is whole"; }
}

run 'Your first instance'
for id in $(command curl -s -H "$AUTH" "$API/v1/instances?state=running&tag:Name=web" | jq -r '.instances[].instanceId'); do
  shows "/v1/instances/$id/console" ready
  count $? "the user data of $id made a file system on its disk"
done

for id in $(command curl -s -H "$AUTH" "$API/v1/instances?state=pending,running,stopped" | jq -r '.instances[].instanceId'); do
  curl -s -H "$AUTH" -X PATCH "$API/v1/instances/$id" --json '{"disableApiTermination":false}' >"$output" 2>&1 &&
    curl -s -H "$AUTH" -X DELETE "$API/v1/instances/$id" >"$output" 2>&1
  count $? "$id is ended"
done
printf "%s passed, %s failed\n" "$passed" "$failed"
[ "$failed" -eq 0 ]
