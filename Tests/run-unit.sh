#!/bin/bash
# Every Swift test of the debug build, in two lanes: releases over real brokers and daemons, which mostly wait, and everything else. Each lane runs
# one test at a time. What failed is said once more at the end, where other output doesn't bury it.
set -uo pipefail
cd "$(dirname "$0")/.."
waiting='EndToEndTests\.(UpdateTests|SlowRetrievalTests|OrderTests|RolloutTests)'
tests=(env NO_COLOR=1 .build/debug/swiftletPackageTests.xctest --testing-library swift-testing --no-parallel)
mkdir -p build
"${tests[@]}" --filter "$waiting" >build/unit-tests-waiting.log 2>&1 &
lane=$!
trap 'kill $lane 2>/dev/null' EXIT
"${tests[@]}" --skip "$waiting" 2>&1 | tee build/unit-tests.log
status=${PIPESTATUS[0]}
wait $lane
waited=$?
trap - EXIT
cat build/unit-tests-waiting.log
for log in build/unit-tests.log build/unit-tests-waiting.log; do
  # A filter that finds nothing would pass, too.
  grep -qE 'Test run with [1-9][0-9]* tests in [0-9]+ suites passed' $log || status=$((status == 0 ? 1 : status))
done
if [ "$status" -ne 0 ] || [ "$waited" -ne 0 ]; then
  printf '\nrun-unit: exit statuses %s and %s; the issues among the tests:\n' "$status" "$waited"
  grep -hE '✘ .* recorded an issue|✘ .* failed after|[Ff]atal error|crashed|error: ' build/unit-tests.log build/unit-tests-waiting.log | cut -c1-600
  exit 1
fi
