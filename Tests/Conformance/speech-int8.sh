#!/bin/sh
# What 8 bits cost QuartzNet: the word error rate in FP32 and, calibrated on the shared folder's clips, in INT8. Minutes, and so no part of
# `make test`. The clips of the calibration are those that are counted: what other speech costs may be more.
# Usage: [SWIFTLET_SHARED=…] [METHOD=mean-squared-error] [PYTHON=python3] speech-int8.sh SWIFTLET     (PYTHON needs numpy)
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
shared=${SWIFTLET_SHARED:-$root/../shared}
if [ ! -e "$shared/models/quartznet15x5.onnx" ]; then
  echo "SKIPPED: speech in 8 bits, there is no model in $shared; set SWIFTLET_SHARED"
  exit 0
fi
method=${METHOD:-mean-squared-error}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
compile() {
  "$swiftlet" compile "$shared/models/quartznet15x5.onnx" --recipe "$root/Calibration/recipes/quartznet15x5.yaml" -o "$folder/model.swiftlet" "$@" >/dev/null
}
measure() {
  "$swiftlet" transcribe "$folder/model.swiftlet" "$shared/data/speech" --json --threads 1 >"$folder/texts.jsonl"
  echo "$1"
  SWIFTLET_SHARED=$shared PYTHONDONTWRITEBYTECODE=1 "${PYTHON:-python3}" "$root/Tests/Conformance/speech_texts.py" --errors "$folder/texts.jsonl"
}
swiftlet=$1
compile
measure FP32
compile --calibrate "$shared/data/speech" --method "$method"
measure "INT8, $method"
