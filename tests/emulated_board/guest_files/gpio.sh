#!/bin/sh
# Simulates a GPIO chip of 54 lines, like a Pi's, if there is no /dev/gpiochip0.
# /run/gpio-sim/sim_gpioN/value is the level of line N.
set -e
[ ! -e /dev/gpiochip0 ] || exit 0
modprobe gpio-sim
mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
chip=/sys/kernel/config/gpio-sim/pi
mkdir -p "$chip/bank0"
if [ "$(cat "$chip/live")" = 0 ]; then
    echo 54 >"$chip/bank0/num_lines"
    echo pinctrl-bcm2711 >"$chip/bank0/label"
    echo 1 >"$chip/live"
fi
ln -sfn "/sys/devices/platform/$(cat "$chip/dev_name")/$(cat "$chip/bank0/chip_name")" /run/gpio-sim
