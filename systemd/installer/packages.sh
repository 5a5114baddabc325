# shellcheck shell=bash
# Packages from apt, but for those whose module imports already, from wherever.

# A module or file, and the package that brings it.
APT_PACKAGES=(
    ensurepip:python3-venv
    numpy:python3-numpy
    cv2:python3-opencv
    /usr/share/opencv4/haarcascades:opencv-data
    gpiozero:python3-gpiozero
    lgpio:python3-lgpio
    libcamera:python3-libcamera
    picamera2:python3-picamera2
)
LOCK_SECONDS=120

# Prints the packages that are missing.
missing_packages() {
    "$python" systemd/installer/imports.py absent "${APT_PACKAGES[@]}"
}

# With --root no package is installed.
have_packages() {
    [ -n "$root" ] || [ -z "$(missing_packages)" ]
}

do_packages() {
    local wanted
    mapfile -t wanted < <(missing_packages)
    packages_before=$(installed_packages)
    apt_install "${wanted[@]}"
    [ -z "$(missing_packages)" ] ||
        fail "expected apt to bring ${wanted[*]}, but $(missing_packages | xargs) still does not import; details: $log"
    record "${wanted[@]/#/apt }"
}

undo_packages() {
    local new
    [ -n "${packages_before:-}" ] || return 0 # the list of new packages is not known yet
    mapfile -t new < <(comm -13 <(echo "$packages_before") <(installed_packages))
    if [ ${#new[@]} -gt 0 ]; then
        dpkg --configure -a
        apt_get purge -- "${new[@]}"
    fi
}

installed_packages() {
    dpkg-query --show --showformat '${db:Status-Abbrev} ${Package}\n' | awk '$1 != "un" { print $NF }' | sort -u
}

# Prints a package's version; nothing if it is not installed, even if its settings are still there.
installed_version() {
    # shellcheck disable=SC2016  # dpkg's variables
    dpkg-query --show --showformat '${db:Status-Abbrev} ${Version}\n' "$1" 2>/dev/null |
        awk '$1 ~ /^.i/ { print $NF }' || true
}

# Installs packages by name, or with --offline all .deb files in its folder that are new here, without
# apt's repositories: apt would prefer to fetch from them.
apt_install() {
    local package debs
    if [ -n "$offline" ]; then
        find_new_debs
        [ ${#debs[@]} -gt 0 ] || fail "expected .deb files of $* in $offline, got none that are new here"
        apt_get install --option Dir::Etc::SourceList=/dev/null \
            --option Dir::Etc::SourceParts=/dev/null "${debs[@]}"
        return
    fi
    apt_get update
    for package; do
        [[ $(apt-cache policy "$package" 2>/dev/null) == *'Candidate: '[^\(]* ]] ||
            fail "expected apt to know $package, got no such package; picamera2 and lgpio come with Raspberry Pi OS, not with Debian"
    done
    apt_get install "$@"
}

# Sets `debs`: the .deb files in the --offline folder that are newer than what is installed.
find_new_debs() {
    local deb about
    debs=()
    for deb in "$offline"/*.deb; do
        [ -e "$deb" ] || continue
        # shellcheck disable=SC2016  # dpkg's variables
        about=$(dpkg-deb --show --showformat '${Package} ${Version}' "$deb" 2>/dev/null) ||
            fail "$deb: expected a Debian package, got something else"
        if dpkg --compare-versions "${about#* }" gt "$(installed_version "${about% *}")"; then
            debs+=("$deb")
        fi
    done
}

# apt-get, which waits while another program uses apt; `update` ignores DPkg::Lock::Timeout.
apt_get() {
    local until=$((SECONDS + LOCK_SECONDS))
    while ! logged env DEBIAN_FRONTEND=noninteractive apt-get --quiet --assume-yes \
        --no-install-recommends --option "DPkg::Lock::Timeout=$LOCK_SECONDS" \
        --option APT::Update::Error-Mode=any "$@"; do
        case $reason in
            *lock*)
                [ "$SECONDS" -lt "$until" ] ||
                    fail "expected apt to be free within $LOCK_SECONDS s, got: $reason; wait for the other program, then run this again"
                sleep 3
                ;;
            *) fail "apt-get $1 failed: $reason; mend that, or bring packages with --offline DIR; details: $log" ;;
        esac
    done
}
