#!/bin/sh
# Compiles the runtime's Swift modules (Tensors, ModelFormat, Inference, CPUExecution) as Embedded Swift for 64-bit ARM, links
# them with the NEON kernels and runs sessions emulated, on a processor with everything, one with dot products and one with
# plain NEON: every golden case, and where SWIFTLET_SHARED has them whole models, which must give the bits that this machine
# gives. Needs gcc-aarch64-linux-gnu and qemu-user beside the Swift toolchain, whose lld links. Usage:
#   run-on-arm.sh [WRITER]     WRITER is a build of case-bundle-writer; without it only the built-in session runs, which still
#                              proves that the runtime stays inside the Embedded subset.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
toolchain=$(dirname "$(dirname "$(readlink -f "$(command -v swiftc)")")")
include="$root/Sources/CKernels/include"
# Of frames the runtime only knows how they are described.
imaging="$root/Sources/CImaging/include"
{
  echo "module CKernels { umbrella header \"$include/CKernels.h\" export * }"
  echo "module CImaging { header \"$imaging/swl_imaging.h\" export * }"
} >"$folder/module.modulemap"
mkdir "$folder/linker"
ln -s "$toolchain/bin/ld.lld" "$folder/linker/ld"

compile() { # NAME FILES…
  name=$1
  shift
  swiftc -target aarch64-none-none-elf -enable-experimental-feature Embedded -wmo -O -parse-as-library -swift-version 6 \
    -enable-upcoming-feature ExistentialAny -enable-upcoming-feature InternalImportsByDefault -I "$folder" -Xcc "-I$include" -Xcc "-I$imaging" \
    -Xcc "-fmodule-map-file=$folder/module.modulemap" -module-name "$name" -emit-module -emit-module-path "$folder/$name.swiftmodule" \
    -c -o "$folder/$name.o" "$@"
}
for module in Tensors ModelFormat Inference CPUExecution; do compile "$module" "$root/Sources/$module"/*.swift; done
compile CaseBundle "$root/Tests/CaseBundle"/*.swift
compile Model "$root/Tests/EmbeddedSession/Model.swift" "$root/Tests/EmbeddedSession/Bundle.swift"

compiler="aarch64-linux-gnu-gcc -std=gnu11 -O3 -ffp-contract=off -fno-math-errno -pthread -I$include"
"$root/Tests/Kernels/compile-for-arm.sh"
$compiler -B"$folder/linker" -no-pie -static -o "$folder/session" "$root/Tests/EmbeddedSession/main.c" "$folder"/*.o "$root/build/arm"/*.o \
  "$toolchain/lib/swift/embedded/aarch64-none-none-elf/libswiftUnicodeDataTables.a" -lm

bundles=''
if [ $# -ge 1 ]; then
  "$1" --golden "$folder/golden.bundle"
  bundles="$folder/golden.bundle"
  models="${SWIFTLET_SHARED:-$root/../shared}/models"
  if [ -d "$models" ]; then
    data="$models/../data"
    recipes="$root/Calibration/recipes"
    image() { find "$data/$1" -type f | sort | sed -n "1,$2p"; }
    "$1" --model "$folder/mobilenet.bundle" 'MobileNetV2 INT8' "$models/mobilenet_v2_224_qdq.onnx" "$recipes/mobilenet_v2_224_qdq.yaml" \
      "$(image imagenet 1)"
    # shellcheck disable=SC2046
    "$1" --model "$folder/yolox.bundle" 'YOLOX-nano INT8' "$models/yolox_nano_416.onnx" "$recipes/yolox_nano_416.yaml" \
      "$(image coco/images 1)" $(image coco/images 3)
    bundles="$bundles $folder/mobilenet.bundle $folder/yolox.bundle"
  else
    echo "SKIPPED: whole models on emulated ARM: no models at $models; set SWIFTLET_SHARED"
  fi
fi
for processor in max cortex-a76 cortex-a57; do
  printf '%s: ' "$processor"
  # shellcheck disable=SC2086
  qemu-aarch64 -cpu "$processor" "$folder/session" $bundles
done
