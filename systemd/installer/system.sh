# shellcheck shell=bash
# What lies outside /opt/smile-gate: user, unit, rules, settings. With --root, its files only.

# A file in systemd/, and its path in the system.
SYSTEM_FILES=(
    smile-gate.service:/etc/systemd/system/smile-gate.service
    smile-gate.tmpfiles:/etc/tmpfiles.d/smile-gate.conf
    smile-gate.rules:/etc/udev/rules.d/60-smile-gate.rules
)
command=$root/usr/local/bin/smile-gate
config=$root/etc/smile-gate/smile-gate.toml
# What the installer added, for `uninstall --purge`: lines "user NAME", "group NAME", "apt PACKAGE".
made=$root/etc/smile-gate/.made-by-install

record() {
    local all
    all=$([ ! -e "$made" ] || cat -- "$made" && printf '%s\n' "$@")
    put "$made" -m 644 <<<"$all"
}

recorded() {
    [ ! -e "$made" ] || sed -n "s/^$1 //p" "$made" | sort -u
}

# The user and the groups of the service and its devices.

have_user() {
    [ -n "$root" ] || [ -z "$(missing_accounts)" ]
}

# Prints "user NAME" and "group NAME" for each that systemd-sysusers will make.
missing_accounts() {
    local kind name group
    while read -r kind name group _; do
        case $kind in
            u) getent passwd "$name" >/dev/null || echo "user $name" ;;
            m) getent group "$group" >/dev/null || echo "group $group" ;;
        esac
    done <systemd/smile-gate.sysusers
}

do_user() {
    accounts=$(missing_accounts)
    logged systemd-sysusers "$PWD/systemd/smile-gate.sysusers" ||
        fail "systemd-sysusers failed: $reason; details: $log"
    record "$accounts"
}

undo_user() {
    remove_accounts "${accounts:-}"
}

# remove_accounts LINES, in the format of missing_accounts.
remove_accounts() {
    local kind name
    while read -r kind name; do
        case $kind in
            user) ! getent passwd "$name" >/dev/null || logged userdel "$name" ;;
            group) ! getent group "$name" >/dev/null || logged groupdel "$name" ;;
        esac
    done <<<"$1"
}

# A release's files in the system's folders.

system_files_are_those_of() {
    local pair
    for pair in "${SYSTEM_FILES[@]}"; do
        cmp -s -- "$opt/releases/$1/systemd/${pair%%:*}" "$root${pair#*:}" || return 1
    done
    [ -L "$command" ]
}

place_system_files() {
    local pair
    for pair in "${SYSTEM_FILES[@]}"; do
        put "$root${pair#*:}" -m 644 <"$opt/releases/$1/systemd/${pair%%:*}"
    done
    mkdir -p -- "${command%/*}"
    ln -sfn -- /opt/smile-gate/current/venv/bin/smile-gate "$command"
    sync -- "${command%/*}"
    reread_system_files
}

remove_system_files() {
    local pair
    for pair in "${SYSTEM_FILES[@]}"; do
        remove "$root${pair#*:}" "$root${pair#*:}.new"
    done
    remove "$command"
    $dry_run || reread_system_files
}

# systemd and udev read their files again, where they run.
reread_system_files() {
    [ -z "$root" ] || return 0
    [ ! -e /etc/tmpfiles.d/smile-gate.conf ] ||
        logged systemd-tmpfiles --create /etc/tmpfiles.d/smile-gate.conf ||
        fail "systemd-tmpfiles failed: $reason"
    if [ -S /run/udev/control ]; then
        logged udevadm control --reload
        logged udevadm trigger --subsystem-match=gpio --subsystem-match=i2c-dev \
            --subsystem-match=dma_heap --subsystem-match=misc --subsystem-match=usb
    fi
    ! systemd_runs || logged systemctl daemon-reload || fail "systemctl daemon-reload failed: $reason"
}

# The settings: an edited file stays as it is; an unedited file becomes the new release's default.

config_before=kept # or default, or none

place_config() {
    if [ ! -e "$config" ]; then
        config_before=none
    elif [ -n "$previous" ] && config_is_default; then
        config_before=default
    else
        return 0
    fi
    write_config "$release"
}

restore_config() {
    case $config_before in
        none) rm -f -- "$config" ;;
        default) write_config "$previous" ;;
    esac
}

# Compares with every release: after a power cut it may be the default of the release on trial.
config_is_default() {
    local default
    for default in "$opt"/releases/*/systemd/smile-gate.toml; do
        ! cmp -s -- "$config" "$default" || return 0
    done
    return 1
}

write_config() {
    local owner=()
    [ -n "$root" ] || owner=(-o root -g smile-gate)
    put "$config" -m 640 "${owner[@]}" <"$opt/releases/$1/systemd/smile-gate.toml"
}

# The service.

systemd_runs() {
    [ -z "$root" ] && [ -d /run/systemd/system ]
}

service_state() {
    systemctl show --property SubState --value smile-gate
}

# service_is running: ready, frames are processed. service_is up: running, or starting.
service_is() {
    systemd_runs || return 1
    case $1:$(service_state) in
        *:running | *:reload* | up:start* | up:auto-restart*) ;;
        *) return 1 ;;
    esac
}

was_up=false # before a release was switched to

# Restarts the service if it was up, without waiting for the first frame, which may take long.
restart_service() {
    ! $was_up || start_service restart
}

# start_service start|restart: also after more failures than systemd's start limit allows.
start_service() {
    logged systemctl reset-failed smile-gate || true
    logged systemctl --no-block "$1" smile-gate || fail "systemctl $1 failed: $reason; details: $log"
}

have_service() {
    if [ -n "$root" ] || is_left_disabled; then
        return 0
    fi
    systemctl --quiet is-enabled smile-gate 2>/dev/null && { ! systemd_runs || service_is up; }
}

# An upgrade does not start what somebody has disabled.
is_left_disabled() {
    [ "$verb" = upgrade ] && [ "$(systemctl is-enabled smile-gate 2>/dev/null)" = disabled ]
}

do_service() {
    logged systemctl enable smile-gate || fail "systemctl enable failed: $reason; details: $log"
    sync --file-system /etc/systemd/system
    if systemd_runs; then
        start_service start
    else
        say "systemd does not run here: smile-gate starts at the next boot"
    fi
}

undo_service() {
    stop_service
}

stop_service() {
    if [ -z "$root" ] && [ -e /etc/systemd/system/smile-gate.service ]; then
        logged systemctl disable smile-gate || fail "systemctl disable failed: $reason; details: $log"
        if systemd_runs; then
            logged systemctl stop smile-gate || fail "systemctl stop failed: $reason; details: $log"
            logged systemctl reset-failed smile-gate || true # or else it would still be listed
        fi
    fi
}
