#!/bin/sh
# Compiles the runtime's Swift modules (Tensors, ModelFormat, Inference, CPUExecution) as Embedded Swift for 64-bit ARM, links
# them with the NEON kernels and runs a whole session emulated: the proof that the runtime stays inside the Embedded subset.
# Needs gcc-aarch64-linux-gnu and qemu-user beside the Swift toolchain, whose lld links.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
toolchain=$(dirname "$(dirname "$(readlink -f "$(command -v swiftc)")")")
include="$root/Sources/CKernels/include"
echo "module CKernels { umbrella header \"$include/CKernels.h\" export * }" >"$folder/module.modulemap"
mkdir "$folder/linker"
ln -s "$toolchain/bin/ld.lld" "$folder/linker/ld"

compile() { # NAME FILES…
  name=$1
  shift
  swiftc -target aarch64-none-none-elf -enable-experimental-feature Embedded -wmo -O -parse-as-library -swift-version 6 \
    -enable-upcoming-feature ExistentialAny -enable-upcoming-feature InternalImportsByDefault -I "$folder" -Xcc "-I$include" \
    -Xcc "-fmodule-map-file=$folder/module.modulemap" -module-name "$name" -emit-module -emit-module-path "$folder/$name.swiftmodule" \
    -c -o "$folder/$name.o" "$@"
}
for module in Tensors ModelFormat Inference CPUExecution; do compile "$module" "$root/Sources/$module"/*.swift; done
compile Model "$root/Tests/EmbeddedSession/Model.swift"

aarch64-linux-gnu-gcc -B"$folder/linker" -no-pie -static -std=gnu11 -O3 -ffp-contract=off -fno-math-errno -pthread -I"$include" \
  -o "$folder/session" "$root/Tests/EmbeddedSession/main.c" "$folder"/*.o $(find "$root/Sources/CKernels" -name '*.c') \
  "$toolchain/lib/swift/embedded/aarch64-none-none-elf/libswiftUnicodeDataTables.a" -lm
for processor in max cortex-a57; do
  printf '%s: ' "$processor"
  qemu-aarch64 -cpu "$processor" "$folder/session"
done
