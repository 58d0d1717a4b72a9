#!/bin/sh
# Restores a mirror in place by kubectl and jq alone, from what Slackwater keeps beside
# a cut. Slackwater itself is not needed, and so nobody shows that the volumes and the
# heads are those of the cut, sees whether the source has deleted what the mirror needs
# next, or holds retention back. Where it can run, use `slackwater restore`.
#
#   restore-by-hand.sh NAMESPACE KAFKA RUN            volumes, nodes, what copies
#   restore-by-hand.sh NAMESPACE KAFKA RUN caught-up  the other connectors: the offset
#                                                     syncs on the source name offsets
#                                                     beyond the mirror's end until it
#                                                     has caught up
#
# Told again, it goes on where it was cut short: how far it is stands in the annotation
# slackwater.io/by-hand of the Kafka, until `caught-up` is done. The namespaces have to
# be there. Suspend Argo CD or Flux before. SLACKWATER_NAMESPACE is its own, `slackwater`
# by default.
set -eu

fail() {
    echo "$0: $*" >&2
    exit 1
}

step=${4:-restore}
case "$#:$step" in
3:restore | 4:restore | 4:caught-up) ;;
*)
    sed -n '2,/^set/ s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
namespace=$1 kafka=$2 run=$3
own=${SLACKWATER_NAMESPACE:-slackwater}
pause=strimzi.io/pause-reconciliation
note=slackwater.io/by-hand

here() { kubectl -n "$namespace" "$@"; }

# Of what there is, by jq; nothing where it is not there. That nobody answers is an end.
look() { # NAMESPACE WHAT FILTER
    found=$(kubectl -n "$1" get "$2" --ignore-not-found -o json) || fail "can't get $2 in $1"
    printf '%s' "$found" | jq -r "$3"
}
is_there() { # NAMESPACE WHAT
    there=$(look "$1" "$2" .metadata.name) || exit 1
    test -n "$there"
}

# What is kept, by jq. It may be in parts.
first=$(kubectl -n "$own" get configmap "slackwater-$run-kept" -o json)
resources=$(printf '%s' "$first" | jq -j .data.resources)
parts=$(printf '%s' "$first" | jq -r '.data.parts // 0')
part=1
while test "$part" -lt "$parts"; do
    next=$(kubectl -n "$own" get configmap "slackwater-$run-kept-$part" -o json)
    resources=$resources$(printf '%s' "$next" | jq -j .data.resources)
    part=$((part + 1))
done
kept() { printf '%s' "$resources" | jq -r "$@"; }

# Objects, one on a line, are made unless they are there.
create() {
    while read -r object; do
        of() { printf '%s' "$object" | jq -r "$1"; }
        if ! is_there "$(of '.metadata.namespace // "default"')" "$(of .kind)/$(of .metadata.name)"; then
            printf '%s' "$object" | kubectl create -f -
        fi
    done
}

# kubectl's own --for=condition looks at the generation, and a status of an operator
# that leaves a resource alone does not.
says() { # NAMESPACE WHAT CONDITION
    test "$(look "$1" "$2" "any(.status.conditions[]?; .type == \"$3\" and .status == \"True\")")" = true
}
until_it() { # SECONDS WHAT COMMAND…
    left=$1 what=$2
    shift 2
    until "$@"; do
        left=$((left - 1))
        test "$left" -gt 0 || fail "waited in vain until $what"
        sleep 1
    done
}
says_not() { ! says "$@"; }
is_gone() { ! is_there "$@"; }

# Until the operator leaves it alone. What it says of an earlier pause, for half a
# minute after that, is no answer to this one.
pause() { # NAMESPACE WHAT
    paused=$(look "$1" "$2" ".metadata.annotations[\"$pause\"] // \"\"")
    if test "$paused" != true; then
        until_it 120 "the operator has looked at $2 again" says_not "$1" "$2" ReconciliationPaused
    fi
    kubectl -n "$1" annotate --overwrite "$2" "$pause=true" "$note=$run"
    until_it 330 "the operator leaves $2 alone" says "$1" "$2" ReconciliationPaused
}

# A set and its pods. (Pods alone are made again, though it be paused.)
remove() { # NAMESPACE SET
    kubectl -n "$1" delete strimzipodset "$2" --ignore-not-found
    pods=$(kubectl -n "$1" get pod -l "strimzi.io/controller-name=$2" -o name)
    for pod in $pods; do
        until_it 900 "$pod is gone" is_gone "$1" "$pod"
    done
}

feeders=$(kept '.feeders[].metadata | .namespace + "/" + .name')

# What a KafkaMirrorMaker2 says of its connectors. `was`: what it said at the backup.
named='def before($was): ([$was[]? | {key: (.source.alias // .sourceCluster), value: .}] | from_entries) as $all |
        $all[.source.alias // .sourceCluster] // {};
    def back($before): if $before.state then .state = $before.state else del(.state) end;'
stopped='map(with_entries(if .key | endswith("Connector") then .value.state = "stopped" else . end))'
copying='map(before($was) as $before | if .sourceConnector
    then .sourceConnector |= back($before.sourceConnector // {}) else . end)'
running='map(before($was) as $before | with_entries(if .key | endswith("Connector")
    then .key as $key | .value |= back($before[$key] // {}) else . end))'
connectors() { # NAMESPACE NAME FILTER
    was=$(kept -c --arg in "$1" --arg name "$2" '.feeders[] |
        select(.metadata.namespace == $in and .metadata.name == $name) | .spec.mirrors')
    object=$(kubectl -n "$1" get kafkamirrormaker2 "$2" -o json)
    patch=$(printf '%s' "$object" |
        jq -c --argjson was "$was" "$named {spec: {mirrors: (.spec.mirrors | $3)}}")
    kubectl -n "$1" patch kafkamirrormaker2 "$2" --type=merge -p "$patch"
}

if test "$step" = caught-up; then
    for feeder in $feeders; do
        connectors "${feeder%/*}" "${feeder#*/}" "$running"
        kubectl -n "${feeder%/*}" annotate "kafkamirrormaker2/${feeder#*/}" "$note-"
    done
    # Told again later, none of them is what it made.
    for claim in $(kept '.claims[].metadata.name'); do
        here label pvc "$claim" "$note-"
    done
    here annotate "kafka/$kafka" "$note-"
    exit 0
fi

# 0. Whether this is it, before anything is touched.
of=$(kept '.run + " " + .kafka.metadata.namespace + "/" + .kafka.metadata.name')
test "$of" = "$run $namespace/$kafka" || fail "what is kept is of $of"
id=$(kept '.kafka.status.clusterId // ""')
test -n "$id" || fail "what is kept does not say which cluster it was: use slackwater restore"
pools=$(kept '[.pools[] | [.object.metadata.name, .nodeIds]] | sort | tostring')
stage= anew=
if is_there "$namespace" "kafka/$kafka"; then
    now=$(look "$namespace" "kafka/$kafka" '.status.clusterId // ""')
    test -z "$now" || test "$now" = "$id" || fail "Kafka $kafka is another cluster, $now"
    notes=$(look "$namespace" "kafka/$kafka" '.metadata.annotations // {} | keys[]')
    for held in slackwater.io/restore slackwater.io/paused slackwater.io/listeners; do
        ! printf '%s\n' "$notes" | grep -qx "$held" || fail "Kafka $kafka has the annotation $held: end that first"
    done
    stage=$(look "$namespace" "kafka/$kafka" ".metadata.annotations[\"$note\"] // \"\"")
    case $stage in
    "") anew=yes ;;
    "$run" | "$run nodes") ;;
    *) fail "Kafka $kafka is being restored from ${stage%% *}" ;;
    esac
    live=$(here get kafkanodepool -l "strimzi.io/cluster=$kafka" -o json)
    live=$(printf '%s' "$live" | jq -r '[.items[] | [.metadata.name, .status.nodeIds]] | sort | tostring')
    test "$live" = "$pools" || fail "the nodes are $live, and were $pools"
fi
spaces=$( (echo "$namespace" && printf '%s\n' "$feeders" | sed 's,/.*,,') | sort -u)
for in in $spaces; do
    found=$(kubectl -n "$in" get kafkamirrormaker2 -o json)
    printf '%s' "$found" | jq -c '.items[]' | while read -r maker; do
        of() { printf '%s' "$maker" | jq -r "$1"; }
        name=$in/$(of .metadata.name)
        if ! printf '%s\n' "$feeders" | grep -qx "$name"; then
            # It may feed another Kafka.
            ! printf '%s' "$maker" | grep -q "[\"., ]$kafka-kafka-" ||
                fail "KafkaMirrorMaker2 $name names $kafka, and was not there at the backup: delete it"
        elif test "$(of ".metadata.annotations[\"$pause\"] // \"\"")" = true; then
            test "$(of ".metadata.annotations[\"$note\"] // \"\"")" = "$run" ||
                fail "KafkaMirrorMaker2 $name is paused by somebody: end that first"
        elif test -n "$(of '.metadata.annotations["slackwater.io/held"] // ""')"; then
            fail "KafkaMirrorMaker2 $name is held: slackwater resume, or wait"
        fi
    done
done
if test "$(kept '.secrets | length')" != 0; then
    kubectl -n "$own" get secret "slackwater-$run-kept" -o name
fi

# What a restore before has made of it is from before, too.
if test -n "$anew"; then
    for claim in $(kept '.claims[].metadata.name'); do
        if is_there "$namespace" "pvc/$claim"; then
            here label pvc "$claim" "$note-"
        fi
    done
fi

# 1. VolumeSnapshots; where they are gone, others for what the storage has still.
if test "$stage" != "$run nodes"; then
    kept -c --arg namespace "$namespace" --arg run "$run" '.contents[] |
        ("slackwater-" + $run + "-" + .claim) as $name |
        {"app.kubernetes.io/name": "slackwater", "slackwater.io/run": $run,
         "slackwater.io/broker": (.claim | split("-") | last)} as $labels |
        {volumeSnapshotClassName: .class, sourceVolumeMode: .mode} as $more |
        {apiVersion: "snapshot.storage.k8s.io/v1", kind: "VolumeSnapshot",
         metadata: {namespace: $namespace, name: $name, labels: $labels},
         spec: ({source: {volumeSnapshotContentName: $name}} +
                ($more | {volumeSnapshotClassName} | with_entries(select(.value))))},
        {apiVersion: "snapshot.storage.k8s.io/v1", kind: "VolumeSnapshotContent",
         metadata: {name: $name, labels: $labels},
         spec: ({deletionPolicy: "Retain", driver, source: {snapshotHandle: .handle},
                 volumeSnapshotRef: {namespace: $namespace, name: $name}} +
                ($more | with_entries(select(.value))))}' |
        while read -r snapshot && read -r content; do
            name=$(printf '%s' "$snapshot" | jq -r .metadata.name)
            if ! is_there "$namespace" "volumesnapshot/$name"; then
                # One that was bound to a VolumeSnapshot that is gone never binds again.
                # Deleting it leaves what the storage has: it is retained.
                policy=$(look "$namespace" "volumesnapshotcontent/$name" .spec.deletionPolicy)
                case $policy in
                "" | Retain) kubectl delete volumesnapshotcontent "$name" --ignore-not-found --timeout=120s ;;
                *) fail "volumesnapshotcontent $name is not retained" ;;
                esac
                printf '%s' "$content" | kubectl create -f -
                printf '%s' "$snapshot" | kubectl create -f -
            fi
        done
    for claim in $(kept '.claims[].metadata.name'); do
        snapshot=volumesnapshot/slackwater-$run-$claim
        of=$(look "$namespace" "$snapshot" '.metadata.labels["slackwater.io/run"] // ""')
        test "$of" = "$run" || fail "there is no $snapshot of this run"
        here wait --for=jsonpath='{.status.readyToUse}'=true "$snapshot" --timeout=3h
    done
fi

# 2. Nobody feeds it, and no node runs.
for feeder in $feeders; do
    if is_there "${feeder%/*}" "kafkamirrormaker2/${feeder#*/}"; then
        pause "${feeder%/*}" "kafkamirrormaker2/${feeder#*/}"
    fi
    remove "${feeder%/*}" "${feeder#*/}-mirrormaker2"
done
if test "$stage" != "$run nodes"; then
    if is_there "$namespace" "kafka/$kafka"; then
        pause "$namespace" "kafka/$kafka"
    fi
    for pool in $(kept '.pools | sort_by(.object.spec.roles | contains(["broker"]) | not) |
        .[].object.metadata.name'); do
        remove "$namespace" "$kafka-$pool"
    done

    # 3. The claims, made of the snapshots; the volumes from before stay.
    for claim in $(kept '.claims[].metadata.name'); do
        if is_there "$namespace" "pvc/$claim"; then
            made=$(look "$namespace" "pvc/$claim" ".metadata.labels[\"$note\"] // \"\"")
            if test "$made" = "$run"; then
                continue
            fi
            volume=$(look "$namespace" "pvc/$claim" '.spec.volumeName // ""')
            if test -n "$volume"; then
                kubectl patch pv "$volume" -p '{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}'
                echo "the volume of $claim from before is $volume"
            fi
            here delete pvc "$claim" --timeout=120s
        fi
        kept -c --arg claim "$claim" --arg note "$note" --arg run "$run" '
            .claims[] | select(.metadata.name == $claim) |
            .metadata.labels[$note] = $run |
            .spec.dataSource = {apiGroup: "snapshot.storage.k8s.io", kind: "VolumeSnapshot",
                                name: ("slackwater-" + $run + "-" + $claim)}' |
            kubectl create -f -
    done

    # 4. Where the Kafka is gone: all that it is, and last which nodes and which cluster.
    if ! is_there "$namespace" "kafka/$kafka"; then
        part=0
        while name=slackwater-$run-kept$(test "$part" = 0 || echo "-$part") && is_there "$own" "secret/$name"; do
            secrets=$(kubectl -n "$own" get secret "$name" -o json)
            printf '%s' "$secrets" |
                jq -c '.data | to_entries[] | select(.key | contains(".")) | .value | @base64d | fromjson' | create
            part=$((part + 1))
        done
        kept -c '.pools[].object' | create
        kept -c --arg pause "$pause" --arg note "$note" --arg run "$run" '.kafka | del(.status) |
            .metadata.annotations += {($pause): "true", ($note): $run}' | create
    fi
    if test -z "$(look "$namespace" "kafka/$kafka" '.status.clusterId // ""')"; then
        until_it 330 "the operator leaves the Kafka alone" says "$namespace" "kafka/$kafka" ReconciliationPaused
        kept -c '.pools[] | {name: .object.metadata.name, patch: {status: {nodeIds}}}' | while read -r pool; do
            name=$(printf '%s' "$pool" | jq -r .name) patch=$(printf '%s' "$pool" | jq -c .patch)
            here patch "kafkanodepool/$name" --subresource=status --type=merge -p "$patch"
        done
        here patch "kafka/$kafka" --subresource=status --type=merge -p "{\"status\":{\"clusterId\":\"$id\"}}"
    fi
fi

# 5. The nodes; then what feeds it, stopped, and those connectors that copy.
here annotate --overwrite "kafka/$kafka" "$note=$run nodes" "$pause-"
here wait --for=condition=Ready "kafka/$kafka" --timeout=1800s
kept -c '.others[]' | create
for feeder in $feeders; do
    in=${feeder%/*} name=${feeder#*/}
    if is_there "$in" "kafkamirrormaker2/$name"; then
        connectors "$in" "$name" "$stopped"
        kubectl -n "$in" annotate "kafkamirrormaker2/$name" "$pause-"
    else
        kept -c --arg in "$in" --arg name "$name" --arg note "$note" --arg run "$run" "
            .feeders[] | select(.metadata.name == \$name and .metadata.namespace == \$in) |
            .metadata.annotations += {(\$note): \$run} | .spec.mirrors |= $stopped" | create
    fi
    kubectl -n "$in" wait --for=condition=Ready "kafkamirrormaker2/$name" --timeout=600s
    connectors "$in" "$name" "$copying"
done
echo "when the mirror has caught up: $0 $namespace $kafka $run caught-up"
