#!/usr/bin/env bash
# Installs smile-gate from this tree on a fresh card, with the settings and packages that lie on its boot
# partition, and says there how that went. SMILE_GATE_ROOT is as --root of install.sh.
set -euo pipefail
cd -- "$(dirname -- "$(readlink -f -- "$0")")/../.."

root=${SMILE_GATE_ROOT:-}
boot=$root/boot/firmware
settings=$root/etc/smile-gate/smile-gate.toml
arguments=(install --yes)
[ -z "$root" ] || arguments+=(--root "$root")
[ ! -d "$boot/smile-gate-packages" ] || arguments+=(--offline "$boot/smile-gate-packages")

# Before the installation, which starts the service: it must not drive the pins of other settings.
[ ! -f "$boot/smile-gate.toml" ] || install -D -m 644 -- "$boot/smile-gate.toml" "$settings"

code=0
words=$(./install.sh "${arguments[@]}" 2>&1) || code=$?
if [ "$code" -eq 0 ]; then
    if [ -z "$root" ]; then
        chown root:smile-gate -- "$settings"
        chmod 640 -- "$settings"
    fi
    systemctl disable smile-gate-first-boot.service
else
    words="$words"$'\n'"not installed yet; the next try is in a minute"
fi
printf '%s\n' "$words"
printf '%s\r\n' "$(date '+%F %T')" "${words//$'\n'/$'\r\n'}" >"$boot/smile-gate-install.txt"
sync -- "$boot/smile-gate-install.txt"
exit "$code"
