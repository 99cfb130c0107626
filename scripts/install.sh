#!/bin/sh
# install.sh PACKAGE...: install the Debian packages that are missing, and only those.
# Without apt-get it says what is needed and lets the caller go on: clprop runs
# without OpenCL too.
set -eu

missing=""
for package in "$@"; do
	if ! dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed'; then
		missing="$missing $package"
	fi
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
	echo "install.sh: no apt-get here; install what corresponds to:$missing" >&2
	exit 0
fi
sudo=""
if [ "$(id -u)" -ne 0 ]; then
	sudo="sudo"
fi
echo "installing:$missing" >&2
$sudo apt-get update -qq
# shellcheck disable=SC2086 # a list of packages
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq $missing >&2
