#!/bin/bash
# Every Swift test, one at a time in each of two lanes: whole agents and brokers mostly wait, all others compute. What failed is said once more at the
# end, where other lanes' output doesn't bury it.
set -uo pipefail
cd "$(dirname "$0")/.."
mkdir -p build

lane() { # name, which tests
  Tests/within $((${TEST_SECONDS:-2100} - 300)) swift test --skip-build --no-parallel --ignore-lock "$2" '^EndToEndTests\.' 2>&1 | tee "build/unit-tests-$1.log"
  return "${PIPESTATUS[0]}"
}

failures() { # name, status
  printf '\nrun-unit: %s: exit status %s; the issues among the tests:\n' "$1" "$2"
  local log=build/unit-tests-$1.log
  # What was begun and never ended.
  sed -nE 's/^◇ (Test ".*"|Test [^" ]*\(.*\)) started\.$/\1/p' "$log" | sort | uniq -c | while read -r begun test; do
    ended=$(grep -F "$test" "$log" | grep -cE "^[✔✘] $test.* (passed|failed) after" || true)
    [ "$ended" -ge "$begun" ] || echo "not done: $test"
  done
  grep -E '^✘ .* recorded an issue|^✘ .* failed after|[Ff]atal error|error: ' "$log" | cut -c1-600 || tail -n 20 "$log"
}

lane whole --filter &
lane rest --skip
rest=$?
wait $!
whole=$?
[ "$rest" -eq 0 ] || failures rest "$rest"
[ "$whole" -eq 0 ] || failures whole "$whole"
[ "$rest" -eq 0 ] && [ "$whole" -eq 0 ]
