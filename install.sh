#!/usr/bin/env bash
# smile-gate's one entry; see usage below. What it does on a device is in systemd/installer/.
set -euo pipefail
called_from=$PWD
cd -- "$(dirname -- "$(readlink -f -- "$0")")"

venv=.venv
log=$venv/install.log
last_words=

usage() {
    cat <<'END'
usage: ./install.sh demo    watch a built-in clip and fire a simulated shutter
       ./install.sh test    run all checks and tests

Both make .venv here on first use and install into it what they need.
PYTHON=/path/to/python3 chooses the interpreter (3.11 to 3.13).

On a Raspberry Pi, as root:
       ./install.sh [install]    make it a smile gate that starts at boot
       ./install.sh upgrade      put this version beside the installed one, try it, switch to it
       ./install.sh uninstall    remove it, but for settings and pictures; --purge: those too
       ./install.sh status       what is installed and whether it runs

  --dry-run        say what would be done, change nothing
  --yes            do not ask
  --offline DIR    take wheels and .deb files from DIR, nothing from the network
  --coral          set up a Coral USB accelerator too
  --key            let the service press a key of this machine (docs/assistive.md)
  --root DIR       put the files below DIR; no apt, no users, no service
END
}

complain() {
    last_words=$*
    printf 'install.sh: %s\n' "$*" >&2
}

fail() {
    complain "$@"
    exit 1
}

# Tells whether a Python can be used, without a word: the caller prints one line.
python_is_fit() {
    "$1" -c 'import sys; sys.exit(not ((3, 11) <= sys.version_info < (3, 14) and sys.maxsize > 2**32))' \
        2>/dev/null
}

find_python() {
    local candidate
    if [ -n "${PYTHON:-}" ]; then
        python_is_fit "$PYTHON" || fail "PYTHON=$PYTHON: expected a 64-bit Python 3.11 to 3.13"
        printf '%s\n' "$PYTHON"
        return
    fi
    for candidate in python3 python3.13 python3.12 python3.11; do
        if python_is_fit "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    fail "expected a 64-bit Python 3.11 to 3.13, got $(python3 --version 2>/dev/null || echo none)"
}

check_machine() {
    [ "$(uname -s)" = Linux ] || fail "expected Linux, got $(uname -s)"
    case $(uname -m) in
        x86_64 | aarch64) ;;
        *) fail "expected a 64-bit system (x86_64 or aarch64), got $(uname -m)" ;;
    esac
}

make_venv() {
    local python
    # The script, not `python -m pip`: its first line has the venv's path, wrong once it was moved.
    if "$venv/bin/pip" --version >/dev/null 2>&1; then
        return 0
    fi
    python=$(find_python)
    [ ! -e "$venv" ] || [ -e "$venv/made-by-install.sh" ] ||
        fail "$PWD/$venv is not ours and has no pip that works: move it away"
    echo "Making $venv with $("$python" --version)"
    rm -rf -- "$venv"
    mkdir -- "$venv"
    touch -- "$venv/made-by-install.sh"
    if ! "$python" -m venv "$venv" >/dev/null 2>&1; then
        rm -rf -- "$venv"
        fail "$python cannot make a virtual environment; on Debian: sudo apt install python3-venv"
    fi
}

# Prints what was installed, in the stamp that install_extras leaves.
wanted_extras() {
    echo "$(pwd) $(sha256sum <pyproject.toml)"
}

have_extras() {
    [ -f "$venv/installed-$1" ] && [ "$(cat -- "$venv/installed-$1")" = "$(wanted_extras)" ]
}

# Installs the package with some extras, unless they are installed already: then no network is needed.
install_extras() {
    local extras=$1 stamp=$venv/installed-$1
    check_machine
    make_venv
    if have_extras "$extras"; then
        return 0
    fi
    echo "Installing smile-gate with its $extras packages (log: $log)"
    "$venv/bin/python" -m pip install --quiet --no-compile --no-input \
        --disable-pip-version-check --editable ".[$extras]" >"$log" 2>&1 ||
        fail "pip failed: $(grep -m 1 ERROR "$log" || tail -n 1 "$log"); see $log"
    wanted_extras >"$stamp.new"
    sync --file-system "$stamp.new" # packages reach the disk before the stamp
    mv -- "$stamp.new" "$stamp"
}

# would EXTRAS WORDS: what a verb for a workstation would do.
would() {
    [ -e "$venv/bin/pip" ] || echo "would make $venv"
    have_extras "$1" || echo "would install smile-gate into it, with its $1 packages"
    echo "would $2"
}

# The demo has settings of its own, or they would be those of an installed gate.
demo() {
    local settings=$venv/demo.toml
    if $dry_run; then
        would demo "run smile-gate run --source demo, with simulated pins"
        return
    fi
    install_extras demo
    printf '[outputs.shutter]\nkind = "shutter"\npin = 17\n' >"$settings"
    GPIOZERO_PIN_FACTORY=mock "$venv/bin/smile-gate" run --source demo --config "$settings"
}

run_tests() {
    if $dry_run; then
        would test "run ruff, mypy, import-linter, shellcheck and pytest"
        return
    fi
    install_extras test
    local bin=$venv/bin
    "$bin/ruff" check --quiet .
    "$bin/ruff" format --quiet --check .
    "$bin/mypy" --no-error-summary
    "$bin/lint-imports" --no-logo
    if PATH=$bin:$PATH command -v shellcheck >/dev/null; then
        PATH=$bin:$PATH shellcheck --check-sourced install.sh .ci/run systemd/first-boot/first-boot.sh
    else
        echo "skipped: shellcheck is not here (sudo apt install shellcheck)"
    fi
    "$bin/python" -m pytest
}

# Reads the verb and the options, in any order, into the variables of systemd/installer/.
read_arguments() {
    verb='' dry_run=false yes=false purge=false coral=false key=false offline='' root=''
    while [ $# -gt 0 ]; do
        case $1 in
            -h | --help | help)
                usage
                exit
                ;;
            --dry-run) dry_run=true ;;
            --yes) yes=true ;;
            --purge) purge=true ;;
            --coral) coral=true ;;
            --key) key=true ;;
            --offline | --root)
                [ -d "${2:-}" ] || fail "$1: expected a folder, got ${2:-nothing}"
                declare -g "${1#--}=$(cd -- "$2" && pwd)"
                shift
                ;;
            -*) fail "$1: expected an option that ./install.sh --help names" ;;
            demo | test | install | upgrade | uninstall | status)
                [ -z "$verb" ] || fail "$1: expected one verb, got $verb as well"
                verb=$1
                ;;
            *) fail "$1: expected demo, test, install, upgrade, uninstall or status; see ./install.sh --help" ;;
        esac
        shift
    done
    [ "$root" != / ] || root=''
}

refuse_without_verb() {
    usage >&2
    complain "expected demo or test, got none; $1"
    exit 2
}

main() {
    cd -- "$called_from" && read_arguments "$@" && cd -- "$OLDPWD"
    if [ -z "$verb" ]; then
        if ! grep -qs 'Raspberry Pi' /proc/device-tree/model; then
            refuse_without_verb "this is no Raspberry Pi: only there, as root, it is install without a verb"
        elif [ "$(id -u)" -ne 0 ]; then
            refuse_without_verb "to install, as root: sudo ./install.sh"
        fi
        verb=install
    fi
    case $verb in
        demo) demo ;;
        test) run_tests ;;
        *)
            . systemd/installer/device.sh
            "device_$verb"
            ;;
    esac
}

main "$@"
