#!/usr/bin/env bash
# One Apache Kafka broker for development and tests, without Docker: see --help.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
port="${KAFKA_PORT:-9092}"
cache_dir="${KAFKA_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/zaiko/kafka}"
data_dir="${KAFKA_DATA_DIR:-$cache_dir/data}"

usage() {
    cat <<'HELP'
Usage: deploy/kafka/run.sh

Starts one Apache Kafka broker (KRaft, no ZooKeeper) on 127.0.0.1, in the foreground: end it with Ctrl-C, or
with a signal to its process id. Needs Java 17 and Maven; the version is pinned in pom.xml beside this script.

Environment:
  KAFKA_PORT             port of the clients (default 9092)
  KAFKA_CONTROLLER_PORT  port of the controller (default: one above KAFKA_PORT)
  KAFKA_DATA_DIR         the log and its metadata; a second start continues with them
                         (default ~/.cache/zaiko/kafka/data)
  KAFKA_CACHE_DIR        where Maven puts the broker's jars (default ~/.cache/zaiko/kafka)
HELP
}

require() {
    command -v "$1" >/dev/null || { echo "run.sh: $1 is not installed; see --help" >&2; exit 1; }
}

# The directory carries the pom's checksum, so that a new version resolves anew; the rename makes a
# half-finished one invisible to whoever starts at the same time.
resolve_jars() {
    require mvn
    mkdir -p "$cache_dir"
    unfinished="$(mktemp -d "$cache_dir/resolving.XXXXXX")"
    trap 'rm -rf "$unfinished"' EXIT
    mvn --quiet --batch-mode --file "$here/pom.xml" dependency:copy-dependencies \
        -DincludeScope=runtime -DoutputDirectory="$unfinished" >&2
    mv --no-target-directory "$unfinished" "$jars" 2>/dev/null || [ -d "$jars" ]
    trap - EXIT
    rm -rf "$unfinished"
}

write_properties() {
    cat >"$data_dir/server.properties" <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller_port
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller_port
advertised.listeners=PLAINTEXT://127.0.0.1:$port
controller.listener.names=CONTROLLER
log.dirs=$data_dir/log
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=100
log.cleaner.dedupe.buffer.size=8388608
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=1000
PROPERTIES
}

case "${1:-}" in
    "") ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
esac

require java
controller_port="${KAFKA_CONTROLLER_PORT:-$((port + 1))}"
jars="$cache_dir/jars-$(cksum <"$here/pom.xml" | cut -d' ' -f1)"
if [ ! -d "$jars" ]; then resolve_jars; fi

mkdir -p "$data_dir"
write_properties
heap=(-Xmx512m -Xms128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1)
quiet=(-Dlog4j2.level=WARN)
if [ ! -f "$data_dir/log/meta.properties" ]; then
    java "${heap[@]}" "${quiet[@]}" -cp "$jars/*" kafka.tools.StorageTool format --ignore-formatted \
        --cluster-id zaiko-development-bus --config "$data_dir/server.properties" >&2
fi
exec java "${heap[@]}" "${quiet[@]}" -cp "$jars/*" kafka.Kafka "$data_dir/server.properties"
