# shellcheck shell=bash
# A key output: python-evdev from apt, and a drop-in that lets the service make a keyboard.

KEY_PACKAGE=evdev:python3-evdev
KEY_DROP_IN=$root/etc/systemd/system/smile-gate.service.d/key.conf

# With --root no package is installed.
missing_key_package() {
    [ -n "$root" ] || "$python" systemd/installer/imports.py absent "$KEY_PACKAGE"
}

have_key() {
    [ -z "$(missing_key_package)" ] && cmp -s -- systemd/key.conf "$KEY_DROP_IN"
}

do_key() {
    local wanted
    wanted=$(missing_key_package)
    if [ -z "$root" ]; then
        packages_before=$(installed_packages)
        # udev applies its rules to the devices of modules that are loaded.
        logged modprobe uinput || fail "expected the kernel to have its module uinput, got: $reason"
    fi
    if [ -n "$wanted" ]; then
        apt_install "$wanted"
        record "apt $wanted"
    fi
    put "$KEY_DROP_IN" -m 644 <systemd/key.conf
    reread_system_files
    if service_is up; then
        start_service restart
    fi
}

undo_key() {
    remove_key
    undo_packages
}

remove_key() {
    remove "$KEY_DROP_IN" "$KEY_DROP_IN.new"
    if ! $dry_run && [ -d "${KEY_DROP_IN%/*}" ]; then
        rmdir --ignore-fail-on-non-empty -- "${KEY_DROP_IN%/*}"
    fi
}
