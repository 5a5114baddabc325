# shellcheck shell=bash
# A Coral USB accelerator: Google's library from Google's repository, tested in a process of its own.

CORAL_URI=https://packages.cloud.google.com/apt
CORAL_PACKAGE=libedgetpu1-std
CORAL_KEY=$root/etc/apt/keyrings/coral-edgetpu.gpg
CORAL_SOURCE=$root/etc/apt/sources.list.d/coral-edgetpu.sources

# A Coral on USB needs no driver in the kernel; a Coral on PCI Express does.
check_coral() {
    local vendor
    [ -z "$root" ] || $dry_run || fail "--coral: expected no --root, as it installs with apt"
    for vendor in "$root"/sys/bus/pci/devices/*/vendor; do
        if [ -e "$vendor" ] && [ "$(cat "$vendor")" = 0x1ac1 ]; then
            fail "expected a Coral on USB, got one on PCI Express: Google's driver for it does not build on kernels from 6.4 on, and this is $(uname -r)"
        fi
    done
}

have_coral() {
    ! $dry_run && [ -n "$(installed_version "$CORAL_PACKAGE")" ]
}

do_coral() {
    packages_before=$(installed_packages)
    if [ -z "$offline" ]; then
        fetch_coral_key
        write_coral_source
    fi
    apt_install "$CORAL_PACKAGE"
    probe_coral
    record "apt $CORAL_PACKAGE"
}

undo_coral() {
    remove_coral
    undo_packages
}

remove_coral() {
    remove "$CORAL_KEY" "$CORAL_SOURCE" "$CORAL_KEY.new" "$CORAL_SOURCE.new"
}

# By the file's name apt expects a key in binary form; Google may send it in ASCII armour.
fetch_coral_key() {
    mkdir -p -- "${CORAL_KEY%/*}"
    logged "$python" - "$CORAL_URI/doc/apt-key.gpg" "$CORAL_KEY.new" <<'END' || fail "expected Google's key, got: $reason"
import base64, pathlib, sys, urllib.request

key = urllib.request.urlopen(sys.argv[1], timeout=30).read()
if key.startswith(b"-----BEGIN"):
    lines = key.split(b"\n\n", 1)[1].split(b"\n-----END")[0].splitlines()
    key = base64.b64decode(b"".join(line for line in lines if not line.startswith(b"=")))
pathlib.Path(sys.argv[2]).write_bytes(key)
END
    chmod 644 -- "$CORAL_KEY.new"
    settle "$CORAL_KEY"
}

write_coral_source() {
    put "$CORAL_SOURCE" -m 644 <<END
Types: deb
URIs: $CORAL_URI
Suites: coral-edgetpu-stable
Components: main
Signed-By: $CORAL_KEY
END
}

# A library built for another TensorFlow may crash the process that loads it. Run as the service's
# user, whose access rights matter.
probe_coral() {
    local code=0
    logged runuser -u smile-gate -- "$opt/current/venv/bin/python" -P -m edge.model.edgetpu || code=$?
    if [ "$code" -ge 128 ]; then
        fail "expected $CORAL_PACKAGE to load, but it crashes: it is older than the TFLite runtime for $("$python" --version); Google's last one of its own is for Python 3.11, on bookworm"
    elif [ "$code" -eq 0 ]; then
        say "the Coral accelerator on USB answers"
    else
        say "no Coral accelerator answered on USB (plug it in, then: sudo ./install.sh --coral): $reason"
    fi
}
