#!/bin/sh
# Builds the kernels and their driver for this machine with the address and undefined-behaviour sanitizers, and runs them.
# Usage: run-natively.sh [CASES], or run-natively.sh --bench (without sanitizers). CC chooses the compiler, SANITIZERS others
# (SANITIZERS=thread for the team of threads).
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
sanitizers="-fsanitize=${SANITIZERS:-address,undefined} -fno-sanitize-recover=all"
[ "${1:-}" = --bench ] && sanitizers=''
# shellcheck disable=SC2086
${CC:-cc} $sanitizers -g -std=gnu11 -O3 -ffp-contract=off -fno-math-errno -Wall -Wextra -Werror -pthread -I"$root/Sources/CKernels/include" \
  -o "$folder/driver" "$root/Tests/Kernels/driver.c" $(find "$root/Sources/CKernels" -name '*.c') -lm
"$folder/driver" "${1:-60}"
