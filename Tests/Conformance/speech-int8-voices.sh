#!/bin/sh
# What 8 bits cost QuartzNet on three voices of Debian's flite that say the same 120 sentences of spoken-sentences.txt (3,747 words). Two forms:
# weights of 8 bits whose wide layers round what they read frame by frame (int8-dynamic, no calibration), and a package calibrated on the clips of
# people in the shared folder. Nothing is chosen by what is counted here. Fails where the first loses more than half a point, or the second more
# than MOST_POINTS. Minutes, and so no part of `make test`.
# Usage: [SWIFTLET_SHARED=…] [METHOD=mean-squared-error] [MOST_POINTS=1] [VOICES="slt rms awb"] speech-int8-voices.sh SWIFTLET
set -eu
. "$(dirname "$0")/word-errors.sh"
if ! command -v flite >/dev/null; then
  echo "SKIPPED: voices in 8 bits, there is no flite to speak: apt-get install flite"
  exit 0
fi
speak() {
  mkdir "$folder/$1"
  number=0
  while read -r sentence; do
    number=$((number + 1))
    flite -voice "$1" -t "$sentence" -o "$folder/$1/$number.wav"
    printf '%s.wav\t%s\n' "$number" "$sentence" >>"$folder/$1/transcripts.tsv"
  done <"$root/Tests/Conformance/spoken-sentences.txt"
}
compile -o "$folder/fp32.swiftlet"
compile -o "$folder/rows.swiftlet" --weights int8-dynamic
compile -o "$folder/int8.swiftlet" --calibrate "$shared/data/speech" --method "${METHOD:-mean-squared-error}"
words=0 float=0 rows=0 whole=0
for voice in ${VOICES:-slt rms awb}; do
  speak "$voice"
  errors "$folder/fp32.swiftlet" "$voice"
  first=$edits
  errors "$folder/rows.swiftlet" "$voice"
  second=$edits
  errors "$folder/int8.swiftlet" "$voice"
  words=$((words + said)) float=$((float + first)) rows=$((rows + second)) whole=$((whole + edits))
  echo "$voice: FP32 $first, int8-dynamic $second and calibrated INT8 $edits errors in $said words"
done
echo "all voices: FP32 $float, int8-dynamic $rows and calibrated INT8 $whole errors in $words words"
awk -v words="$words" -v float="$float" -v rows="$rows" -v whole="$whole" -v most="${MOST_POINTS:-1}" 'BEGIN {
  exit !(words > 0 && (rows - float) * 100 <= 0.5 * words && (whole - float) * 100 <= most * words) }'
