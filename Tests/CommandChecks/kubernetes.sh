# launch/kubernetes: the manifest against the schema of the MPI operator's MPIJob. No cluster is needed.

kubernetes=("$root/launch/kubernetes" --image registry.example/catena:1 --claim lab)

# Writes the manifest to manifest.yaml and, checked, to manifest.json: valid OPTION...
valid() {
    run "${kubernetes[@]}" "$@"
    expect_code 0
    cp "$log.out" manifest.yaml
    "$root/Tests/check-mpijob.py" <manifest.yaml >manifest.json 2>faults
    case $? in
    0) ;;
    77) skip "$(cat faults)" ;;
    *) fail "$(tr '\n' '|' <faults)" ;;
    esac
}

# The value at a path of the manifest: value_at KEY...
value_at() {
    python3 -c 'import functools, json, sys
value = functools.reduce(lambda v, k: v[int(k) if isinstance(v, list) else k], sys.argv[1:], json.load(open("manifest.json")))
print(value if isinstance(value, str) else json.dumps(value))' "$@"
}

defaults() {
    valid train --config run.yaml
    [ "$(value_at spec mpiReplicaSpecs Worker replicas)" = 2 ] || fail "workers: $(value_at spec mpiReplicaSpecs Worker)"
    [ "$(value_at spec launcherCreationPolicy)" = WaitForWorkersReady ] || fail "the launcher does not wait"
}

all_options() {
    local pod=(spec mpiReplicaSpecs Worker template spec)
    valid --name first-run --namespace lab --workers 12 --slots 2 --cpus 16 --memory=64Gi --mount /data --retries 3 \
        train --config 'my "own" \run.yaml' --set 'training.schedule={name: constant}'
    [ "$(value_at metadata namespace)" = lab ] || fail "no namespace"
    [ "$(value_at spec runPolicy backoffLimit)" = 3 ] || fail "backoffLimit"
    [ "$(value_at spec slotsPerWorker)" = 2 ] || fail "slotsPerWorker"
    [ "$(value_at "${pod[@]}" containers 0 resources limits memory)" = 64Gi ] || fail "memory"
    [ "$(value_at "${pod[@]}" volumes 0 persistentVolumeClaim claimName)" = lab ] || fail "claim"
    value_at spec mpiReplicaSpecs Launcher template spec containers 0 command >command.json
    python3 -c 'import json
words = json.load(open("command.json"))
assert words[0].endswith("/launch/supervise"), words
tail = ["train", "--config", "my \"own\" \\run.yaml", "--set", "training.schedule={name: constant}", "--resume", "auto"]
assert words[-len(tail):] == tail, words' || fail "the command is $(cat command.json)"
}

other_verb() {
    valid --workers 3 --slots 2 evaluate --model model --data data/test.jsonl
    [[ "$(value_at spec mpiReplicaSpecs Launcher template spec containers 0 command)" == *'"-n", "6"'* ]] || fail "ranks"
    ! grep -q -e resume -e supervise manifest.yaml || fail "evaluate does not resume"
}

# The check would see a fault.
sees_faults() {
    local program
    valid train --config run.yaml
    for program in 's/OnFailure/Sometimes/' 's/slotsPerWorker: 1/slotsPerWorker: "1"/' 's/cleanPodPolicy/cleanPods/' \
        's/replicas: 1/replicas: 2/' 's/mountPath/path/' 's/- {name: work,/- {name: other,/' 's/v2beta1/v1/' '/sshAuthMountPath/d'; do
        sed "$program" manifest.yaml | "$root/Tests/check-mpijob.py" >/dev/null 2>&1 && fail "$program was not seen"
    done
    return 0
}

wrong_usage() {
    run "$root/launch/kubernetes" --claim lab train --config run.yaml
    expect_code 2
    expect_text "--image is missing"
    run "${kubernetes[@]}" --name My_Run train --config run.yaml
    expect_code 2
    expect_text '--name is "My_Run"'
    run "${kubernetes[@]}" --memory lots train --config run.yaml
    expect_code 2
    expect_text '--memory is "lots"'
    # Nothing is printed that could be applied.
    local words
    for words in $'--image\na' $'--claim\na' $'--mount\n/a\nb' $'--namespace\nA b' $'train\n--config\na\x01b'; do
        mapfile -t words <<<"$words"
        [[ "${words[0]}" != --* ]] || words=("${words[0]}" "$(printf '%s\n' "${words[@]:1}")"$'\x1b' train)
        run "${kubernetes[@]}" "${words[@]}"
        expect_code 2
        [ ! -s "$log.out" ] || fail "a manifest after a refusal: $(head -n 3 "$log.out")"
    done
}

check "Kubernetes: the manifest is a valid MPIJob" defaults
check "Kubernetes: the manifest has what the options say" all_options
check "Kubernetes: a verb that does not train" other_verb
check "Kubernetes: the check of the manifest sees faults" sees_faults
check "Kubernetes: wrong options are refused" wrong_usage
