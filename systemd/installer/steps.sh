# shellcheck shell=bash
# How the installer works: step by step, each undone when it fails, everything in a log.

log=$root/var/log/smile-gate-install.log
under_way=  # name of the step that is being done
doing=      # its description
changed=false
confirmed=false

note() {
    $dry_run || { printf '%s  %s\n' "$(date '+%F %T')" "$*" >>"$log"; } 2>/dev/null ||
        true # a card may be full
}

say() {
    printf '%s\n' "$*"
    note "$*"
}

# Opens the log, locks out other installers, and sets the handlers of every exit.
begin() {
    trap on_exit EXIT
    trap 'interrupted 130' INT
    trap 'interrupted 129' HUP
    trap 'interrupted 143' TERM
    ! $dry_run || return 0
    if ! { mkdir -p -- "${log%/*}" && exec 9>>"$log"; } 2>/dev/null; then
        fail "$log: expected a place to write the log, got none; is the card read-only?"
    fi
    flock --nonblock 9 || fail "expected to be alone, but another install.sh is at work: wait for it"
    note "install.sh $verb, smile-gate $(version), $(uname -srm)"
}

interrupted() {
    complain "interrupted${doing:+ while it was to $doing, which is undone}; run it again to go on"
    exit "$1"
}

on_exit() {
    local code=$?
    trap '' INT HUP TERM
    if [ "$code" -ne 0 ]; then
        if [ -z "$last_words" ]; then
            complain "could not ${doing:-go on}; details: $log"
        fi
        note "failed: $last_words" 2>/dev/null || true
    fi
    if [ -n "$under_way" ]; then
        note "undoing: $doing"
        # In a subshell, so that a `fail` in it does not end this shell.
        ( "undo_$under_way" ) >>"$log" 2>&1 9>&- || complain "that could not be undone; details: $log"
    fi
    exit "$code"
}

# step NAME WORDS: do_NAME, unless have_NAME says that it is done; undo_NAME if it does not succeed.
step() {
    local name=$1
    ! "have_$name" || return 0
    changed=true
    if $dry_run; then
        echo "would $2"
        return 0
    fi
    confirm "The first thing to do: $2. Go on?"
    say "$2"
    under_way=$name doing=$2
    "do_$name"
    under_way='' doing=''
}

# Asks once, before the first change.
confirm() {
    local answer
    if $yes || $dry_run || $confirmed; then
        return 0
    fi
    [ -t 0 ] || fail "expected --yes, as there is no terminal to ask in: $1"
    read -r -p "$1 [y/N] " answer
    case $answer in
        [yY]*) confirmed=true ;;
        *) fail "not confirmed: nothing was changed" ;;
    esac
}

# Runs a command with its output in the log; sets `reason` to the first error, or else the last line.
logged() {
    local before code=0
    note "\$ $*"
    before=$(wc -c <"$log")
    "$@" >>"$log" 2>&1 9>&- || code=$?
    reason=$(tail -c "+$((before + 1))" "$log" |
        awk '/^(ERROR|E): |: (Pre-)?Depends: / && !error { error = $0; sub(/^ +/, "", error) } NF { last = $0 } END { print error ? error : last }')
    if [ "$code" -ne 0 ] && [ -d "$opt" ] && [ "$(free_mb "$opt")" -lt 10 ]; then
        reason="no space left in $opt"
    fi
    return "$code"
}

# put FILE [OPTION...]: replaces a file by standard input, with options of `install`. The file is either
# complete or unchanged, even after a power cut.
put() {
    local file=$1
    shift
    mkdir -p -- "${file%/*}"
    logged install "$@" -- /dev/stdin "$file.new" || fail "$file: expected to be written, got: $reason"
    settle "$file"
}

# Renames FILE.new to FILE and brings both to the disk.
settle() {
    sync -- "$1.new"
    mv -T -- "$1.new" "$1"
    sync -- "${1%/*}"
}

# Removes those of the given files and folders that exist.
remove() {
    local path
    for path; do
        [ -e "$path" ] || [ -L "$path" ] || continue
        changed=true
        if $dry_run; then
            echo "would remove $path"
        else
            say "remove $path"
            rm -rf -- "$path"
        fi
    done
}
