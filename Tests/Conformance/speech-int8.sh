#!/bin/sh
# What 8 bits cost QuartzNet: the word error rate in FP32 and, calibrated on the shared folder's clips, in INT8. Minutes, and so no part of
# `make test`. The clips of the calibration are those that are counted: what other speech costs may be more.
# Usage: [SWIFTLET_SHARED=…] [METHOD=mean-squared-error] speech-int8.sh SWIFTLET
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
shared=${SWIFTLET_SHARED:-$root/../shared}
if [ ! -e "$shared/models/quartznet15x5.onnx" ]; then
  echo "SKIPPED: speech in 8 bits, there is no model in $shared; set SWIFTLET_SHARED"
  exit 0
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
compile() { "$swiftlet" compile "$shared/models/quartznet15x5.onnx" --recipe "$root/Calibration/recipes/quartznet15x5.yaml" "$@" >/dev/null; }
swiftlet=$1
compile -o "$folder/fp32.swiftlet"
compile -o "$folder/int8.swiftlet" --calibrate "$shared/data/speech" --method "${METHOD:-mean-squared-error}"
"$swiftlet" evaluate "$folder/fp32.swiftlet" "$shared/data/speech" --threads 1
"$swiftlet" evaluate "$folder/int8.swiftlet" "$shared/data/speech" --threads 1 --against "$folder/fp32.swiftlet"
