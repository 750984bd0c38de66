#!/bin/sh
# Image preparation for 64-bit ARM, emulated, must make the same of every frame as this machine's own; here it runs under the sanitizers.
# Needs gcc, gcc-aarch64-linux-gnu and qemu-user.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
sources="$root/Tests/Kernels/preparation.c $root/Sources/CImaging/swl_prepare.c"
flags="-std=gnu11 -O3 -ffp-contract=off -Wall -Wextra -Werror -I$root/Sources/CImaging/include"
# shellcheck disable=SC2086  # lists of words
gcc $flags -fsanitize=address,undefined -fno-sanitize-recover=all -o "$folder/native" $sources
# shellcheck disable=SC2086
aarch64-linux-gnu-gcc $flags -static -o "$folder/arm" $sources
"$folder/native" >"$folder/native.txt"
qemu-aarch64 -cpu cortex-a57 "$folder/arm" >"$folder/arm.txt"
diff "$folder/native.txt" "$folder/arm.txt" || { echo "image preparation differs on ARM" >&2; exit 1; }
echo "image preparation: $(wc -l <"$folder/native.txt") frames, the same on ARM"
