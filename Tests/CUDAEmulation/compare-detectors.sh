#!/bin/sh
# Real detectors, compiled to 8 bits, on one image each: what `swiftlet infer --backend cuda` makes must be what the scalar kernels make, to the
# last bit. Usage: compare-detectors.sh SWIFTLET [emulated]: without the second word on this machine's own device.
set -eu
swiftlet=$(realpath "$1")
cd "$(dirname "$0")/../.."
if [ ! -d "${SWIFTLET_SHARED:=../shared}/models" ]; then
  echo "SKIPPED: real detectors on a CUDA device, there is no folder $SWIFTLET_SHARED/models; set SWIFTLET_SHARED" >&2
  exit 0
fi
if [ "${2:-}" = emulated ]; then
  Tests/CUDAEmulation/build
  mkdir -p build/cuda/driver
  ln -sf ../libfake-cuda.so build/cuda/driver/libcuda.so.1
  export LD_LIBRARY_PATH="$PWD/build/cuda/driver${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
image=$(find "$SWIFTLET_SHARED/data/coco/images" -name '*.jpg' | sort | sed -n 1p)
for model in ultraface_rfb_320 nanodet_m_320 fastestdet_352 yolox_nano_416; do
  "$swiftlet" compile "$SWIFTLET_SHARED/models/$model.onnx" --recipe "Calibration/recipes/$model.yaml" \
    --calibrate "$SWIFTLET_SHARED/data/coco/images" --method min-max -o "$work/$model.swiftlet" >/dev/null 2>"$work/notes" || { cat "$work/notes" >&2; exit 1; }
  for backend in reference cuda; do
    "$swiftlet" infer "$work/$model.swiftlet" "$image" --backend $backend --save-tensors "$work/$model-$backend" >"$work/$model-$backend.txt"
  done
  diff -r "$work/$model-reference" "$work/$model-cuda"
  diff "$work/$model-reference.txt" "$work/$model-cuda.txt"
  echo "$model: the same bits in $(find "$work/$model-cuda" -name '*.npy' | wc -l) output(s)"
done
