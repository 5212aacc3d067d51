# Where the frozen weights lie does not change a bit of the adapter.

# placed RANKS PLACEMENT [OPTION...]
placed() {
    local count=$1 placement=$2
    shift 2
    whole_run
    train_ranks "$count" run --set "distributed.placement=$placement" "$@"
    expect_code 0
    expect_text "placement: $placement"
    same_adapter run "$whole"
    [ "$(losses run)" = "$(losses "$whole")" ] || fail "the losses differ from the replicated run's"
}

# Sharded, killed in a gather, resumed with another placement.
kill_in_gather() {
    whole_run
    CATENA_CRASH_AT=gather:70@1 train_ranks 2 run --set distributed.placement=sharded
    expect_code 137
    [ ! -e run/adapter ] || fail "the run was not killed"
    train_ranks 3 run --resume auto --set distributed.placement=node
    expect_code 0
    same_adapter run "$whole"
    expect_steps run 8
}

gather_traffic() {
    train_ranks 2 run --set distributed.placement=sharded
    expect_code 0
    local kinds
    kinds=$(sed -E 's/.*"gather_bytes": ([0-9]+),.*/\1/' run/metrics.jsonl | sort -u | wc -l)
    [ "$kinds" -eq 1 ] || fail "the traffic differs from step to step: $kinds amounts"
    ! grep -q '"gather_bytes": 0,' run/metrics.jsonl || fail "no traffic was counted"
}

sharded_without_adapter() {
    refuses 2 distributed.placement sharded training.trainable -- "$catena" train --config run.yaml --set output=run \
        --set training.trainable=all --set adapter= --set distributed.placement=sharded
}

for count in 1 2 3 4; do
    check "sharded on $count gives the replicated run's bytes" placed "$count" sharded
    check "node on $count gives the replicated run's bytes" placed "$count" node
done
check "sharded on 3, micro-major, without prefetch" placed 3 sharded --set distributed.accumulation=micro-major --set distributed.prefetch=false
check "layer-major with replicated weights" placed 2 replicated --set distributed.accumulation=layer-major
check "killed in a gather, resumed on more ranks with another placement" kill_in_gather
check "the traffic of a step is counted" gather_traffic
check "sharded is refused where nothing is frozen" sharded_without_adapter
