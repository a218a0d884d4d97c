#!/bin/bash
# zcat and jq: the first time of each principal and action.
#
#     jq_best.sh ARCHIVE ANSWER
#
# jq prints one line per record; awk keeps the smallest time of each (account, key, action). The stages run in
# parallel; jq itself has one thread.
set -euo pipefail
export LC_ALL=C

earliest='{ at = index($0, ","); time = substr($0, 1, at - 1); who = substr($0, at + 1) }
    !(who in first) || time < first[who] { first[who] = time }
    END { for (who in first) print who "," first[who] }'

{
    echo account,key,action,first_time
    find "$1" -name '*.gz' -print0 | xargs -0 zcat \
        | jq -r -f "$(dirname "$0")/first_seen.jq" | awk "$earliest" | sort
} > "$2"
