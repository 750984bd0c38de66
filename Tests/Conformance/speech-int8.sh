#!/bin/sh
# What 8 bits cost QuartzNet on speech that it wasn't calibrated with: calibrated on every second clip of the shared folder, counted on the others, and
# the reverse; beside it the word error rate in FP32. Fails where both halves together have more than MOST_MORE errors beyond FP32's. Minutes, and so no
# part of `make test`.
# Usage: [SWIFTLET_SHARED=…] [METHOD=mean-squared-error] [MOST_MORE=1] speech-int8.sh SWIFTLET
set -eu
. "$(dirname "$0")/word-errors.sh"
mkdir "$folder/even" "$folder/odd"
half=even
for clip in $(cd "$shared/data/speech" && LC_ALL=C ls *.flac *.wav | LC_ALL=C sort); do
  ln -s "$shared/data/speech/$clip" "$folder/$half/$clip"
  grep "^$clip	" "$shared/data/speech/transcripts.tsv" >>"$folder/$half/transcripts.tsv" || true
  if [ "$half" = even ]; then half=odd; else half=even; fi
done
compile -o "$folder/fp32.swiftlet"
float=0 whole=0 words=0
for pair in even:odd odd:even; do
  calibrated=${pair%:*} counted=${pair#*:}
  compile -o "$folder/int8.swiftlet" --calibrate "$folder/$calibrated" --method "${METHOD:-mean-squared-error}"
  errors "$folder/fp32.swiftlet" "$counted"
  first=$edits both=$said
  errors "$folder/int8.swiftlet" "$counted"
  [ "$said" = "$both" ] || { echo "speech-int8: FP32 counted $both words of the $counted clips, INT8 $said" >&2; exit 1; }
  words=$((words + said)) float=$((float + first)) whole=$((whole + edits))
  echo "calibrated on the $calibrated clips, counted on the $counted ones: FP32 $first and INT8 $edits errors in $said words"
done
echo "both: FP32 $float and INT8 $whole errors in $words words"
[ "$whole" -le $((float + ${MOST_MORE:-1})) ]
