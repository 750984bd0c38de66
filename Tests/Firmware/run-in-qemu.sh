#!/bin/sh
# Runs the gate controller's firmware in QEMU (a Cortex-M4) with both its lines on pseudo-terminals, and gate-trial against it. Usage:
#   run-in-qemu.sh GATE_TRIAL [ARGUMENTS OF GATE_TRIAL]…     by default --watchdog
# For measurements QEMU and what carries its lines can run under a command, QEMU_UNDER (a path and its arguments, without blanks in them), and the lines
# be sockets behind the terminals of a gate-simulator, QEMU_BRIDGE: QEMU's own terminals make it wait for threads of the kernel's.
# Says how deep the stack was at its deepest, and fails where that is more than 30 KB; the linker leaves it 32.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
trial=$1
shift
if ! command -v qemu-system-arm >/dev/null; then
  echo "SKIPPED: the gate's firmware in QEMU: there is no qemu-system-arm" >&2
  # Where nobody reads the output, what wasn't tried must not look well.
  [ "${CI:-}" != true ] || exit 1
  exit 0
fi
[ $# -gt 0 ] || set -- --watchdog
folder=$(mktemp -d)
: >"$folder/log"
qemu=
trap '[ -z "$qemu" ] || kill "$qemu" 2>/dev/null; rm -rf "$folder"' EXIT
elf=$root/Firmware/.build/armv7em-none-none-eabi/release/gate-controller
mkfifo "$folder/monitor"
exec 3<>"$folder/monitor"
if [ -n "${QEMU_BRIDGE:-}" ]; then
  first=unix:$folder/line,server=on,wait=off
  second=unix:$folder/plant,server=on,wait=off
else
  first=pty
  second=pty
fi
# shellcheck disable=SC2086 # a command and its arguments
${QEMU_UNDER:-} qemu-system-arm -M mps2-an386 -display none -monitor stdio -kernel "$elf" -serial "$first" -serial "$second" \
  <"$folder/monitor" >"$folder/log" 2>&1 3>&- &
qemu=$!
# Until QEMU offers its lines, and the terminals have names.
wait_for() {
  tries=0
  until "$@" >/dev/null 2>&1; do
    tries=$((tries + 1))
    if [ $tries -gt 200 ] || ! kill -0 "$qemu" 2>/dev/null; then
      cat "$folder/log" >&2
      exit 1
    fi
    sleep 0.05
  done
}
if [ -n "${QEMU_BRIDGE:-}" ]; then
  # They have names then; that somebody listens is waited for by what connects.
  wait_for test -S "$folder/plant"
  mkfifo "$folder/stays"
  # shellcheck disable=SC2086 # a command and its arguments
  ${QEMU_UNDER:-} "$QEMU_BRIDGE" --bridge "$folder/line" "$folder/plant" <"$folder/stays" >"$folder/terminals" 2>>"$folder/log" 3>&- &
  # It ends when this does.
  exec 4>"$folder/stays"
  wait_for grep -q '^locked' "$folder/terminals"
  path() { sed -n "s/^$1 //p" "$folder/terminals"; }
else
  are_redirected() { [ "$(grep -c 'redirected to /dev/pts' "$folder/log")" = 2 ]; }
  wait_for are_redirected
  path() { sed -n "s/.* redirected to \([^ ]*\) (label serial$([ "$1" = line ] && echo 0 || echo 1)).*/\1/p" "$folder/log"; }
fi
"$trial" "$(path line)" "$(path plant)" "$@" 3>&- 4>&-

# Memory is zero when QEMU starts, and a reset leaves it: what isn't zero any more between the program's own and its last words (8 bytes) was stack.
command -v size >/dev/null || { echo "SKIPPED: the depth of the stack: there is no size" >&2; exit 0; }
echo "pmemsave 0x20000000 65536 \"$folder/memory\"" >&3
echo quit >&3
wait "$qemu" || true
qemu=
own=$(size "$elf" | awk 'NR == 2 { print $2 + $3 }')
cmp -l "$folder/memory" /dev/zero 2>/dev/null | awk -v own="$own" '
  $1 > own { deepest = 65528 - $1 + 1; exit }
  END {
    printf "firmware: %d bytes of stack at the deepest\n", deepest >"/dev/stderr"
    if (deepest < 256 || deepest > 30720) { print "FAILED: more than 30720 bytes of stack, or it can’t be told" >"/dev/stderr"; exit 1 }
  }'
