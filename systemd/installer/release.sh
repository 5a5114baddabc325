# shellcheck shell=bash
# releases/N is a copy of this tree with a venv; `current` links to the release in use.

opt=$root/opt/smile-gate
RELEASE_PARTS=(
    install.sh pyproject.toml README.md CHANGELOG.md LICENSE
    benchmarks convert docs edge models systemd train
)
trial=$opt/trial # exists while a release is watched; holds the number of the previous release, if any
KEPT_RELEASES=2
WATCHED_SECONDS=60  # a new release must run this long without ending
READY_SECONDS=100   # and be ready within this time: longer than the unit's TimeoutStartSec

version() {
    sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml
}

# Prints a digest of what a release is made of: its files, and the Python of its venv.
identity() {
    {
        "$python" -c 'import sys; print(sys.version_info[:2])'
        find "${RELEASE_PARTS[@]}" -type f ! -name '*.pyc' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
    } | sha256sum | cut -d ' ' -f 1
}

# Prints the numbers of the complete releases, oldest first.
releases() {
    local mark
    for mark in "$opt"/releases/*/complete; do
        [ ! -e "$mark" ] || basename "$(dirname "$mark")"
    done | sort -n
}

# Prints the number of the release in use; nothing if there is none.
current_release() {
    [ ! -L "$opt/current" ] || basename "$(readlink "$opt/current")"
}

on_trial() {
    [ -e "$trial" ]
}

# Sets `release`, the number of this tree's release, made or to be made, and `previous`, the number of
# the release in use; after a power cut on trial, the number of the release before the trial.
choose_release() {
    local number mine
    mine=$(identity)
    previous=$(current_release)
    if on_trial; then
        previous=$(cat -- "$trial")
    fi
    release=1
    for number in $(releases); do
        if [ "$(cat "$opt/releases/$number/complete")" = "$mine" ]; then
            release=$number
            return
        fi
        release=$((number + 1))
    done
    # A release in use may be incomplete by now, but must not be overwritten.
    while [ "$release" = "$previous" ] || [ "$release" = "$(current_release)" ]; do
        release=$((release + 1))
    done
}

have_release() {
    [ -e "$opt/releases/$release/complete" ]
}

# A damaged release is made again, under another number, as it may be in use.
leave_damaged_release() {
    if $dry_run || ! have_release || release_works "$opt/releases/$release"; then
        return 0
    fi
    say "release $release works no more: ${reason:-its test crashed}"
    check_space
    rm -f -- "$opt/releases/$release/complete"
    choose_release
}

do_release() {
    local folder=$opt/releases/$release
    rm -rf -- "$folder" # half a release, after a power cut
    logged mkdir -p -- "$folder" || fail "expected to make $folder, got: $reason"
    logged cp -R -- "${RELEASE_PARTS[@]}" "$folder" || fail "expected a copy of this tree, got: $reason"
    find "$folder" -name __pycache__ -prune -exec rm -rf {} +
    fill_venv "$folder"
    release_works "$folder" ||
        fail "release $release does not work here: ${reason:-its test crashed}; details: $log"
    identity >"$folder/complete.new"
    sync --file-system "$folder"
    settle "$folder/complete"
}

undo_release() {
    rm -rf -- "$opt/releases/$release"
    rmdir --ignore-fail-on-non-empty -- "$opt/releases"
}

# Makes a venv that sees apt's packages; pip adds the others, and smile-gate itself.
fill_venv() {
    local folder=$1 requirements
    logged "$python" -m venv --system-site-packages "$folder/venv" ||
        fail "expected a virtual environment, got: $reason"
    requirements=$("$folder/venv/bin/python" systemd/installer/imports.py requirements pyproject.toml)
    "$folder/venv/bin/python" systemd/installer/imports.py constraint >"$folder/constraints.txt"
    # One word a requirement: they hold no spaces.
    # shellcheck disable=SC2086
    pip_install "$folder" $requirements
    pip_install "$folder" --no-deps "$folder"
}

pip_install() {
    local folder=$1 options=(--quiet --no-input --disable-pip-version-check --retries 2)
    shift
    if [ -n "$offline" ]; then
        # As variables they also reach the pip that fetches the requirements of the build.
        options+=(--no-index --find-links "$offline")
        export PIP_NO_INDEX=1 PIP_FIND_LINKS=$offline
    fi
    PIP_CACHE_DIR=$opt/pip-cache logged "$folder/venv/bin/python" -m pip install \
        "${options[@]}" --constraint "$folder/constraints.txt" "$@" ||
        fail "pip failed: $reason; mend that, or bring wheels with --offline DIR; details: $log"
}

# Imports every module, from where it should come, and runs the model's self-test.
release_works() {
    local folder=$1 pair from_system=()
    if [ -z "$root" ]; then
        for pair in "${APT_PACKAGES[@]}"; do
            case $pair in /* | ensurepip:*) ;; *) from_system+=("${pair%%:*}") ;; esac
        done
    fi
    logged "$folder/venv/bin/python" "$folder/systemd/installer/imports.py" verify "${from_system[@]}"
}

check_settings() {
    [ ! -e "$config" ] ||
        logged "$opt/releases/$release/venv/bin/smile-gate" config check --config "$config" ||
        fail "release $release does not take the settings: ${reason#smile-gate: }"
}

have_switch() {
    ! on_trial && [ "$(current_release)" = "$release" ] && [ -e "$config" ] && system_files_are_those_of "$release"
}

# Makes this release the current one; if the service was running, watches how it runs.
do_switch() {
    local watched=false
    check_settings
    # A service that was not running may wait for its camera: no reason to go back. On trial it ran.
    if service_is running || { on_trial && systemd_runs; }; then
        watched=true
    fi
    if $watched || service_is up; then
        was_up=true
    fi
    place_config
    if $watched; then
        put "$trial" -m 644 <<<"$previous"
    fi
    point_to "$release"
    ! $watched || watch_service
    end_trial
    if [ "$previous" != "$release" ] && [ -e "$opt/releases/$previous/complete" ]; then
        show_new_settings "$previous" "$release"
    fi
}

undo_switch() {
    restore_config
    if [ -n "$previous" ]; then
        point_to "$previous"
    else
        rm -f -- "$opt/current" "$opt/current.new"
        remove_system_files
    fi
    end_trial
}

end_trial() {
    if on_trial; then
        rm -f -- "$trial"
        sync -- "$opt"
    fi
}

# Makes a release the current one, atomically, and places its system files.
point_to() {
    ln -sfn -- "releases/$1" "$opt/current.new"
    settle "$opt/current"
    place_system_files "$1"
    restart_service
}

# Waits until the service has run for WATCHED_SECONDS; fails if it ends before, or does not get ready.
watch_service() {
    local until=$((SECONDS + READY_SECONDS + WATCHED_SECONDS)) since=''
    say "watch release $release for $WATCHED_SECONDS s"
    while [ "$SECONDS" -lt "$until" ]; do
        case $(service_state) in
            running)
                since=${since:-$SECONDS}
                [ $((SECONDS - since)) -lt "$WATCHED_SECONDS" ] || return 0
                ;;
            auto-restart*) break ;;
            failed | dead) # with a job, it is being restarted by us
                [ -n "$(systemctl list-jobs --no-legend smile-gate.service)" ] || break
                ;;
            *) since='' ;;
        esac
        sleep 1
    done
    journalctl --unit smile-gate --lines 50 --no-pager >>"$log" 2>&1 || true
    if [ "$previous" != "$release" ]; then
        rm -f -- "$opt/releases/$release/complete" # not to be kept instead of a release that works
    fi
    fail "expected release $release to run for $WATCHED_SECONDS s, got $(service_state): back to ${previous:+release }$previous; details: $log"
}

# Names the settings that a release has and the previous release did not have.
show_new_settings() {
    local new
    new=$(comm -13 <(settings_of "$1") <(settings_of "$2"))
    if [ -n "$new" ]; then
        say "new settings (smile-gate config explain NAME):"
        say "$new"
    fi
}

# Prints the settings of a release without those of outputs: it may not know what the present file says.
settings_of() {
    local empty
    empty=$(mktemp)
    "$opt/releases/$1/venv/bin/smile-gate" config show --config "$empty" |
        awk '/^\[/ { section = substr($1, 2, length($1) - 2); next }
            { sub(/^# /, ""); print "  " section "." $1 }' | sort
    rm -f -- "$empty"
}

# Keeps the newest releases and the release in use.
prune_releases() {
    local folder kept
    kept=$(releases | tail -n "$KEPT_RELEASES" && current_release)
    for folder in "$opt"/releases/*; do
        if ! grep -qx -- "$(basename "$folder")" <<<"$kept"; then
            note "remove $folder"
            rm -rf -- "$folder"
        fi
    done
    rm -rf -- "$opt/pip-cache"
}
