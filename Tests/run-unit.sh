#!/bin/bash
# Every Swift test, one at a time; what failed is said once more at the end, where other lanes' output doesn't bury it.
set -uo pipefail
cd "$(dirname "$0")/.."
mkdir -p build
swift test --skip-build --no-parallel 2>&1 | tee build/unit-tests.log
status=${PIPESTATUS[0]}
if [ "$status" -ne 0 ]; then
  printf '\nrun-unit: exit status %s; the issues among the tests:\n' "$status"
  grep -E '^✘ .* recorded an issue|^✘ .* failed after|[Ff]atal error|error: ' build/unit-tests.log | cut -c1-600 || tail -n 20 build/unit-tests.log
fi
exit "$status"
