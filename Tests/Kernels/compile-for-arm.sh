#!/bin/sh
# Compiles the kernels for 64-bit ARM into build/arm, if a source or header is newer than what lies there. Needs
# gcc-aarch64-linux-gnu.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$root/build/arm
[ -f "$folder/complete" ] && [ -z "$(find "$root/Sources/CKernels" "$root/Tests/Kernels/compile.sh" "$0" -newer "$folder/complete" | head -n 1)" ] && exit 0
rm -rf "$folder"
mkdir -p "$folder"
compiler="aarch64-linux-gnu-gcc -std=gnu11 -O3 -ffp-contract=off -fno-math-errno -Wall -Wextra -Werror -pthread -I$root/Sources/CKernels/include"
# Its time is that of the oldest source it could have missed.
touch "$folder/begun"
# shellcheck disable=SC2046
COMPILER=$compiler "$root/Tests/Kernels/compile.sh" "$folder" $(find "$root/Sources/CKernels" -name '*.c')
mv "$folder/begun" "$folder/complete"
