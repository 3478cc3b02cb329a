#!/bin/sh
# Makes a virtual environment with pip in it, from the first Python >= 3.11 that is found: tools/make_env.sh [FOLDER]
#
# Where the standard way fails (Debian and Ubuntu ship a Python without ensurepip, and refuse `pip install` outside an environment),
# an empty environment is made and pip is put into it by what the machine has: its own pip, its pip wheel, uv or virtualenv.
# PYTHON=/path/to/python3.12 chooses the interpreter.
set -u
env=${1:-.venv}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

new_enough() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' >>"$log" 2>&1; }
has_pip() { "$env/bin/python" -m pip --version >>"$log" 2>&1; }
attempt() { echo "+ $*" >>"$log"; "$@" >>"$log" 2>&1; }

find_python() {
    for candidate in ${PYTHON:+"$PYTHON"} python3 python3.14 python3.13 python3.12 python3.11 python; do
        if command -v "$candidate" >/dev/null 2>&1 && new_enough "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
}

standard() { attempt "$python" -m venv --clear "$env" && has_pip; }

empty_then_pip() {
    attempt "$python" -m venv --clear --without-pip "$env" || return 1
    attempt "$python" -m pip --python "$env/bin/python" install pip && has_pip && return
    for wheel in /usr/share/python-wheels/pip-*.whl /usr/share/python3-wheels/pip-*.whl; do
        [ -e "$wheel" ] && attempt "$env/bin/python" "$wheel/pip" install pip && has_pip && return
    done
    attempt uv pip install --python "$env/bin/python" pip && has_pip
}

other_makers() {
    attempt "$python" -m virtualenv --clear "$env" && has_pip && return
    attempt virtualenv --clear --python "$python" "$env" && has_pip && return
    attempt uv venv --clear --seed --python "$python" "$env" && has_pip
}

advise() {
    cat >&2 <<TEXT
error: $1
  Debian, Ubuntu:  sudo apt install python3-venv
  Fedora:          sudo dnf install python3-pip
  anywhere:        install Python 3.11 to 3.14, or uv, and call make again; PYTHON=/path/to/python3 make ... chooses one
TEXT
    exit 1
}

python=$(find_python)
[ -n "$python" ] || advise "no Python between 3.11 and 3.14 found"
echo "Making $env with $python"
standard || empty_then_pip || other_makers || {
    sed 's/^/  | /' "$log" >&2
    rm -rf "$env"
    advise "$python can make no virtual environment with pip in it; what was tried stands above"
}
