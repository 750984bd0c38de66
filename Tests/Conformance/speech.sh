#!/bin/sh
# QuartzNet in FP32 on the shared folder's clips: `swiftlet transcribe` must give the texts that ONNX Runtime gives
# (Tests/EndToEnd/Golden/quartznet15x5.tsv, made by speech_texts.py). For release builds: unoptimised ones compile the model for minutes.
# Usage: [SWIFTLET_SHARED=…] speech.sh SWIFTLET
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
shared=${SWIFTLET_SHARED:-$root/../shared}
if [ ! -e "$shared/models/quartznet15x5.onnx" ]; then
  echo "SKIPPED: speech, there is no model in $shared; set SWIFTLET_SHARED"
  exit 0
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$1" compile "$shared/models/quartznet15x5.onnx" --recipe "$root/Calibration/recipes/quartznet15x5.yaml" -o "$folder/quartznet.swiftlet" >/dev/null
"$1" inspect "$folder/quartznet.swiftlet" | grep -q "golden values   of 1 output(s) at the largest size" || {
  echo "speech: the package has no golden outputs: devices couldn't test what it computes" >&2
  exit 1
}
"$1" transcribe "$folder/quartznet.swiftlet" "$shared/data/speech" | sed "s|^.*/\([^/]*\): |\1\t|" >"$folder/texts.tsv"
diff -u "$root/Tests/EndToEnd/Golden/quartznet15x5.tsv" "$folder/texts.tsv"
echo "speech: $(wc -l <"$folder/texts.tsv") clips have ONNX Runtime's text"
