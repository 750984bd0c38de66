#!/bin/sh
# Compiles C sources to objects, as many at once as there are cores. Usage: compile.sh FOLDER SOURCE… with the compiler and its
# flags in COMPILER. Objects lie in FOLDER, numbered.
set -eu
folder=$1
shift
number=0
for source in "$@"; do
  number=$((number + 1))
  printf '%s %s\n' "$source" "$folder/$number.o"
done | xargs -P "$(nproc)" -L 1 sh -c "$COMPILER -c \"\$0\" -o \"\$1\""
