# The disk fills up during a run.

# Mounts 2 MB at ./disk, for root only; gone again when the check ends.
small_disk() {
    mkdir disk
    mount -t tmpfs -o size=2m catena-checks disk 2>/dev/null || skip "a small disk can only be mounted by root"
    trap 'umount disk' EXIT
}

# Leaves this many bytes free.
fill_disk() {
    local free
    free=$(df --output=avail -B 1 disk | tail -n 1)
    head -c $((free - $1)) /dev/zero >disk/filler
}

# full_disk RANKS FREE-BYTES: ends at a checkpoint; its message names the file; after freeing it goes on.
full_disk() {
    local first
    whole_run
    small_disk
    export CATENA_CACHE=$PWD/cache
    CATENA_CRASH_AT=checkpoint-after-rename:1 train disk/run
    expect_code 137
    first=disk/run/checkpoints/step-00000002
    fill_disk "$2"
    train_ranks "$1" disk/run --resume auto --set checkpoint.keep=9
    expect_code 1
    expect_single_error_line "disk/run/" "No space left on device"
    grep -qE "catena: error: .*disk/run/[^ ]*(safetensors|json|yaml)" "$log" || fail "no file is named: $(grep error: "$log")"
    [ ! -e disk/run/adapter/adapter_model.safetensors ] || fail "an adapter was written"
    [ -z "$(find disk/run/checkpoints -name '*.tmp')" ] || fail "left over: $(ls disk/run/checkpoints)"
    run "$catena" inspect "$first"
    expect_code 0
    rm disk/filler
    train_ranks "$1" disk/run --resume auto
    expect_code 0
    same_adapter disk/run "$whole"
    expect_steps disk/run 8
}

# The user's limit on file sizes lets a part of a file through: a short write.
short_write() {
    whole_run
    export CATENA_CACHE=$PWD/cache
    CATENA_CRASH_AT=checkpoint-after-rename:1 train run
    expect_code 137
    run bash -c "ulimit -f 150; exec '$catena' train --config run.yaml --resume auto"
    expect_code 1
    expect_single_error_line "run/checkpoints/" "safetensors" "File too large"
    [ ! -e run/adapter/adapter_model.safetensors ] || fail "an adapter was written"
    [ "$(ls run/checkpoints)" = step-00000002 ] || fail "there are $(ls run/checkpoints | tr '\n' ' ')"
    train run --resume auto
    expect_code 0
    same_adapter run "$whole"
    expect_steps run 8
}

# No room for the prepared data at the start.
no_room_for_data() {
    small_disk
    fill_disk 8192
    run "$catena" train --config run.yaml --set output=disk/run --set data.cache=disk/cache
    expect_code 1
    expect_one_error "disk/cache/" "No space left on device"
    [ -z "$(find disk -name '*.catena-data*')" ] || fail "left over: $(find disk)"
}

check "disk full during a checkpoint" full_disk 1 150000
check "disk full during a checkpoint, 2 ranks" full_disk 2 150000
check "disk full to the last byte" full_disk 1 0
check "a short write during a checkpoint" short_write
check "disk full for the prepared data" no_room_for_data
