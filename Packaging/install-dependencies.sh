#!/bin/sh
# Installs what is missing from Debian's packages, and for the tests what only PyPI has, into folders of build; costs nothing when all
# is there.
# Usage: install-dependencies.sh build | test | deb | test-deb | test-virtual-machine-package | moonshine | spoken-commands | page   ("test" includes "build"; "deb" makes the package, "test-deb"
# installs it in a container, "test-virtual-machine-package" in a virtual machine; "moonshine" is what test-moonshine compares with, "spoken-commands" what
# Calibration/spoken-commands speaks and trains with, "page" a browser for test-page and screenshots)
set -eu

build="pkg-config libmosquitto-dev libv4l-dev libturbojpeg0-dev libyaml-dev libsqlite3-dev libssl-dev libzstd-dev libsndfile1-dev libsoxr-dev \
libasound2-dev libmicrohttpd-dev"
test="mosquitto mosquitto-clients openssl python3-jsonschema python3-venv gcc gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user \
qemu-system-x86 qemu-system-arm busybox-static cpio kmod xz-utils iproute2 faketime alsa-utils"

deb="dpkg-dev binutils python3"
test_deb="$deb systemd-container lintian mosquitto mosquitto-clients groff-base"

test_machine="$deb qemu-system-x86 busybox-static cpio kmod mmdebstrap e2fsprogs mosquitto mosquitto-clients"

case "${1:-}" in
  build) wanted=$build ;;
  test) wanted="$build $test" ;;
  deb) wanted=$deb ;;
  test-deb) wanted=$test_deb ;;
  test-virtual-machine-package) wanted=$test_machine ;;
  moonshine) wanted=python3-venv ;;
  spoken-commands) wanted="python3-venv espeak-ng flite festival festvox-kallpc16k festvox-kdlpc16k festvox-us-slt-hts" ;;
  page) wanted="chromium fonts-dejavu-core python3 python3-prometheus-client" ;;
  *) echo "usage: $0 build|test|deb|test-deb|test-virtual-machine-package|moonshine|spoken-commands|page" >&2; exit 2 ;;
esac

install_packages() {
  if ! command -v swift >/dev/null; then
    echo "Swift 6.2 or later is needed and not on PATH: install it from swift.org" >&2
    exit 1
  fi
  run=""
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "missing packages:$missing; install them as root: apt-get install$missing" >&2; exit 1; }
    run=sudo
  fi
  echo "installing$missing"
  $run apt-get update -qq
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive $run apt-get install -y -qq --no-install-recommends $missing >/dev/null
}

# Other implementations to compare with, which Debian doesn't have. Without them (say, without a network) their tests skip, and say so.
# Usage: install_python NAME PACKAGE REQUIREMENTS, into build/NAME-python
install_python() {
  environment=$(dirname "$0")/../build/$1-python
  ! ls -d "$environment"/lib/python3*/site-packages/"$2" >/dev/null 2>&1 || return 0
  echo "installing $2 in build/$1-python"
  /usr/bin/python3 -m venv "$environment" && "$environment/bin/pip" install -q --disable-pip-version-check -r "$(dirname "$0")/../$3" 2>/dev/null \
    || echo "$2 can't be installed: the tests that need it will be skipped" >&2
}

missing=""
for package in $wanted; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -z "$missing" ] || install_packages
if [ "$1" = test ]; then
  install_python sparkplug pysparkplug Tests/Sparkplug/requirements.txt
  install_python tuf tuf Tests/Conformance/TUF/requirements.txt
fi
if [ "$1" = moonshine ]; then
  install_python moonshine transformers Tests/Conformance/Moonshine/requirements.txt
fi
if [ "$1" = spoken-commands ]; then
  install_python spoken-commands torch Calibration/spoken-commands/requirements.txt
fi
