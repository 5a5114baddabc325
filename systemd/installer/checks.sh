# shellcheck shell=bash
# Checks of the device, before anything is changed.

FREE_MB=700    # apt's packages and two releases
MEMORY_MB=350  # a Pi Zero 2 W has 512 MB, a part of which is the GPU's
RELEASED=1760000000  # October 2025: a clock before that is wrong

check_device() {
    check_machine
    check_userland
    check_os
    check_python
    check_root
    check_writable
    check_memory
    check_clock
}

check_root() {
    [ -n "$root" ] || $dry_run || [ "$(id -u)" -eq 0 ] ||
        fail "expected root, got $(id -un): sudo ./install.sh $verb"
}

# A 64-bit kernel may run a 32-bit system.
check_userland() {
    [ "$(getconf LONG_BIT)" = 64 ] ||
        fail "expected a 64-bit system, got a 32-bit one: write the 64-bit Raspberry Pi OS to the card"
}

check_os() {
    local file=$root/etc/os-release system
    # The file is written for a shell, and is read in a subshell.
    # shellcheck source=/dev/null
    system=$(. "$file" 2>/dev/null && echo "${ID:-} ${VERSION_CODENAME:-}") || true
    case $system in
        'debian bookworm' | 'debian trixie') ;;
        *) fail "expected Raspberry Pi OS or Debian, bookworm or trixie, got ${system:-nothing} in $file" ;;
    esac
    [ -n "$root" ] || command -v systemd-sysusers systemctl >/dev/null ||
        fail "expected systemd, got none: sudo apt install systemd"
}

# apt's packages are for the system's Python, so no other will do.
check_python() {
    python=${PYTHON:-/usr/bin/python3}
    python_is_fit "$python" ||
        fail "expected Python 3.11 to 3.13, got $("$python" --version 2>/dev/null || echo none) as $python"
}

check_writable() {
    local folder
    if $dry_run && [ "$(id -u)" -ne 0 ]; then
        return 0
    fi
    for folder in "$root/opt" "$root/etc" "$root/var/lib" "$root/usr/local"; do
        [ ! -e "$folder" ] || [ -w "$folder" ] ||
            fail "$folder: expected to be writable; is the card read-only? (sudo mount -o remount,rw /)"
    done
}

check_space() {
    local free
    free=$(free_mb "${root:-/}")
    [ "$free" -ge "$FREE_MB" ] ||
        fail "expected $FREE_MB MB free in ${root:-/}, got $free MB: sudo apt clean, or a larger card"
}

free_mb() {
    df -m --output=avail -- "$1" | tail -n 1 | tr -d ' '
}

check_memory() {
    local memory
    memory=$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)
    [ "$memory" -ge "$MEMORY_MB" ] || fail "expected $MEMORY_MB MB of memory, got $memory MB"
}

check_clock() {
    [ "$(date +%s)" -ge "$RELEASED" ] ||
        fail "expected the clock to be set, got $(date +%F): sudo date -s 'YYYY-MM-DD HH:MM'"
}
