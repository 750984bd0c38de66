#!/bin/sh
# Builds the kernels and their driver for this machine with the address and undefined-behaviour sanitizers, and runs them.
# Usage: run-natively.sh [CASES], or run-natively.sh --bench (without sanitizers). CC chooses the compiler, SANITIZERS others
# (SANITIZERS=thread for the team of threads).
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# Sanitizers hide what optimisation would show, and make it slow to compile; what ships is compiled and tested at -O3 elsewhere.
options="-O1 -g1 -fsanitize=${SANITIZERS:-address,undefined} -fno-sanitize-recover=all"
[ "${1:-}" = --bench ] && options=-O3
compiler="${CC:-cc} $options -std=gnu11 -ffp-contract=off -fno-math-errno -Wall -Wextra -Werror -pthread -I$root/Sources/CKernels/include"
# shellcheck disable=SC2046
COMPILER=$compiler "$root/Tests/Kernels/compile.sh" "$folder" "$root/Tests/Kernels/driver.c" $(find "$root/Sources/CKernels" -name '*.c')
$compiler -o "$folder/driver" "$folder"/*.o -lm
"$folder/driver" "${1:-60}"
