#!/bin/sh
# Builds the kernels and their driver for 64-bit ARM and runs them emulated: on a processor with everything, and on one with
# plain NEON only. Needs gcc-aarch64-linux-gnu and qemu-user. Usage: run-on-arm.sh [CASES]
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
compiler="aarch64-linux-gnu-gcc -std=gnu11 -O3 -ffp-contract=off -fno-math-errno -Wall -Wextra -Werror -pthread -I$root/Sources/CKernels/include"
"$root/Tests/Kernels/compile-for-arm.sh"
$compiler -static -o "$folder/driver" "$root/Tests/Kernels/driver.c" "$root/build/arm"/*.o -lm
for processor in max cortex-a76 cortex-a57; do
  printf '%s: ' "$processor"
  qemu-aarch64 -cpu "$processor" "$folder/driver" "${1:-60}"
done
