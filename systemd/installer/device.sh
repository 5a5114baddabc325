# shellcheck shell=bash
# The verbs for a device. install.sh has set: verb, root, offline, dry_run, yes, purge, coral, key.

umask 022
export LC_ALL=C.UTF-8

. systemd/installer/steps.sh
. systemd/installer/checks.sh
. systemd/installer/packages.sh
. systemd/installer/system.sh
. systemd/installer/release.sh
. systemd/installer/coral.sh
. systemd/installer/key.sh

device_install() {
    check_device
    choose_release
    have_release || check_space
    ! $coral || check_coral
    begin
    choose_release # again, now that no other installer runs
    step packages "install with apt: $(missing_packages | xargs)"
    step user "make the user smile-gate, with $(awk '/^m/ { print $3 }' systemd/smile-gate.sysusers | xargs)"
    leave_damaged_release
    step release "make release $release, of smile-gate $(version), in $opt/releases/$release"
    step switch "make release $release the current one"
    step service "start smile-gate now and at every boot"
    if $coral && have_coral; then
        probe_coral # it may have been plugged in since
    elif $coral; then
        step coral "set up the Coral USB accelerator, with $CORAL_PACKAGE from $CORAL_URI"
    fi
    if $key; then
        step key "let the service press a key, with python3-evdev and ${KEY_DROP_IN#"$root"}"
    fi
    $dry_run || prune_releases
    say_what_next
}

device_upgrade() {
    [ -n "$(current_release)" ] || fail "expected an installed release, got none: sudo ./install.sh install"
    device_install
}

say_what_next() {
    if ! $changed; then
        say "nothing to do: release $release, smile-gate $(version), is installed; $(what_it_took)"
    elif ! $dry_run; then
        cat <<END
done: release $release, smile-gate $(version); $(what_it_took). What next:
  sudo nano /etc/smile-gate/smile-gate.toml     camera, pins and when to fire
  sudo systemctl restart smile-gate             take the changes over
  sudo smile-gate status                        how it is; its log: journalctl -u smile-gate
  sudo smile-gate doctor                        what is wrong, and what mends it
END
    fi
}

what_it_took() {
    printf '%s MB in %s, %s s' "$(du -sm -- "$opt" | cut -f 1)" "$opt" "$SECONDS"
}

device_uninstall() {
    check_root
    check_writable
    begin
    if [ -e "$opt" ] || [ -e "${config%/*}" ]; then
        confirm "Remove smile-gate$(if $purge; then echo ', its settings, pictures and user'; fi)?"
    fi
    cd / # the working folder may be removed
    $dry_run || stop_service
    remove_system_files
    remove_coral
    remove_key
    remove "$opt" "$root/var/log/smile-gate"
    ! $purge || purge_the_rest
    say_what_stays
    $dry_run || rm -f -- "$log"
}

purge_the_rest() {
    apt_packages=$(recorded apt | xargs)
    if $dry_run; then
        recorded user | sed 's/^/would remove the user /'
        recorded group | sed 's/^/would remove the group /'
    else
        remove_accounts "$(sed -n '/^user\|^group/p' "$made" 2>/dev/null | sort -ur)"
    fi
    remove "${config%/*}" "$root/var/lib/smile-gate" "$root/etc/systemd/system/smile-gate.service.d"
}

say_what_stays() {
    if ! $changed; then
        echo "nothing to remove: smile-gate is not installed"
    elif ! $purge; then
        echo "kept: settings, pictures and their user; uninstall --purge removes those too"
    elif [ -n "$apt_packages" ]; then
        echo "apt's packages stay, as others may use them by now. To remove them:"
        echo "  sudo apt-get remove --autoremove $apt_packages"
    fi
}

device_status() {
    local number
    number=$(current_release)
    if [ -z "$number" ]; then
        echo "smile-gate is not installed"
        exit 1
    fi
    echo "current: release $number, smile-gate $(cd "$opt/current" && version)"
    echo "installed: releases $(releases | xargs)"
    if systemd_runs; then
        echo "service: $(service_state), $(systemctl is-enabled smile-gate)"
        if service_is running; then
            "$opt/current/venv/bin/smile-gate" status
        fi
    fi
}
