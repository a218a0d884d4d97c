#!/bin/sh
# One task of a run on AWS Batch: task.sh plan | index | merge
#
# CASE      folder of the run, on a file system that all tasks mount
# SOURCE    archive, such as s3://BUCKET/AWSLogs (plan)
# SHARDS    how many shards at most (plan)
# SHARD_NUMBER, or AWS_BATCH_JOB_ARRAY_INDEX and 1: the shard to read (index)
#
# Status 3 of firstseen (something could not be read, and it is counted in the baseline) is a success here.
set -u

run() {
    firstseen "$@"
    status=$?
    [ "$status" -eq 3 ] && return 0
    return "$status"
}

mkdir -p "$CASE" || exit 1
cd "$CASE" || exit 1
case "$1" in
plan)
    # A second run in this folder would end with the baseline of the first.
    if [ -e all.baseline ]; then
        echo "error: $CASE has all.baseline already: another run needs another folder" >&2
        exit 1
    fi
    run plan "$SOURCE" --shards "$SHARDS" --quiet -o shards.jsonl
    ;;
index)
    number=${SHARD_NUMBER:-$((${AWS_BATCH_JOB_ARRAY_INDEX:-0} + 1))}
    # A plan may have fewer shards than were asked for.
    if [ "$number" -gt "$(wc -l <shards.jsonl)" ]; then
        echo "there is no shard $number"
        exit 0
    fi
    mkdir -p partials
    run index --shard shards.jsonl --shard-number "$number" --quiet -o "partials/$number.baseline"
    ;;
merge)
    if [ -e all.baseline ]; then
        echo "all.baseline exists already"
        exit 0
    fi
    # A merge that lacks a shard says so, and so do the answers of its baseline. Here it is an error.
    total=$(wc -l <shards.jsonl)
    set --
    while [ $# -lt "$total" ]; do
        next="partials/$(($# + 1)).baseline"
        if [ ! -d "$next" ]; then
            echo "error: there is no $CASE/$next" >&2
            exit 1
        fi
        set -- "$@" "$next"
    done
    run merge "$@" --quiet -o all.baseline
    ;;
*)
    echo "usage: task.sh plan|index|merge" >&2
    exit 2
    ;;
esac
