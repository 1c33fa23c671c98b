# The real servers: Kafka from pinned jars, PostgreSQL and Redis from Debian.
# Read by `dev`; expects `cache` and tools.sh.

kafka_libs="$cache/kafka-4.3.1-with-tools"
postgres_bin=""
redis_server=""

# Installs what is missing without starting any system service, and sets
# postgres_bin and redis_server.
need_servers() {
    local missing=()
    command -v java >/dev/null || missing+=(default-jre-headless)
    command -v mvn >/dev/null || [ -d "$kafka_libs" ] || missing+=(maven)
    [ -n "$(newest_postgres)" ] || missing+=(postgresql)
    command -v redis-server >/dev/null || missing+=(redis-server)
    [ ${#missing[@]} -eq 0 ] || without_services need "${missing[@]}"
    postgres_bin="$(newest_postgres)"
    redis_server="$(command -v redis-server)"
    [ -d "$kafka_libs" ] || fetch_kafka
}

newest_postgres() {
    local initdb
    initdb="$(printf '%s\n' /usr/lib/postgresql/*/bin/initdb | sort -V | tail -n 1)"
    [ ! -x "$initdb" ] || dirname "$initdb"
}

# Debian's packages ask policy-rc.d before they start their service.
without_services() {
    local policy=/usr/sbin/policy-rc.d
    if [ -e "$policy" ] || { [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; }; then
        "$@"
        return
    fi
    (
        trap 'as_root rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
        "$@"
    )
}

fetch_kafka() {
    echo "dev: fetching Kafka 4.3.1"
    rm -rf "$kafka_libs.part"
    mvn -B -q -f packaging/dev/kafka/pom.xml dependency:copy-dependencies -DoutputDirectory="$kafka_libs.part"
    mv "$kafka_libs.part" "$kafka_libs"
}

up_note="$cache/up"

servers_up() {
    if [ -e "$up_note" ]; then
        echo "dev: already up; ./dev down stops them"
        cat "$(cat "$up_note")/addresses"
        return
    fi
    need_servers
    local home
    home="$(mktemp -d "${TMPDIR:-/tmp}/tidemark-up.XXXXXX")"
    chmod 755 "$home"
    mkdir -p "$cache"
    echo "$home" >"$up_note"
    read -r kafka_port controller_port postgres_port redis_port < <(free_ports 4)
    start_postgres "$home" "$postgres_port"
    start_redis "$home" "$redis_port"
    start_kafka "$home" "$kafka_port" "$controller_port"
    cat >"$home/addresses" <<TEXT
Kafka       127.0.0.1:$kafka_port
PostgreSQL  postgres://tidemark@127.0.0.1:$postgres_port/tidemark
Redis       redis://127.0.0.1:$redis_port
A centre on them:
  tidemark-central serve --data DIR --http 127.0.0.1:8400 --kafka 127.0.0.1:$kafka_port --database-url postgres://tidemark@127.0.0.1:$postgres_port/tidemark --redis-url redis://127.0.0.1:$redis_port
TEXT
    cat "$home/addresses"
}

servers_down() {
    if [ ! -e "$up_note" ]; then
        echo "dev: nothing is up"
        return
    fi
    local home pid
    home="$(cat "$up_note")"
    for note in "$home"/*.pid; do
        [ -e "$note" ] || continue
        pid="$(cat "$note")"
        stop "$pid"
    done
    if [ -e "$home/postgres/data/postmaster.pid" ]; then
        as_postgres "$(newest_postgres)/pg_ctl" -D "$home/postgres/data" -m fast -s stop || true
    fi
    rm -rf "$home" "$up_note"
    echo "dev: down"
}

# Asks, waits up to 20 s, then ends it.
stop() {
    local tries
    kill "$1" 2>/dev/null || return 0
    for tries in $(seq 100); do
        kill -0 "$1" 2>/dev/null || return 0
        sleep 0.2
    done
    kill -9 "$1" 2>/dev/null || true
}

free_ports() {
    python3 -c '
import socket, sys
held = [socket.socket() for _ in range(int(sys.argv[1]))]
for one in held:
    one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in held))' "$1"
}

await_port() {
    local tries
    for tries in $(seq 300); do
        if (exec 3<>"/dev/tcp/127.0.0.1/$2") 2>/dev/null; then return; fi
        sleep 0.2
    done
    echo "dev: $1 does not answer on port $2; its log is $3" >&2
    exit 1
}

# PostgreSQL refuses to run as root.
as_postgres() {
    if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

start_postgres() {
    local folder="$1/postgres" port="$2"
    mkdir -p "$folder"
    [ "$(id -u)" != 0 ] || chown postgres "$folder"
    as_postgres "$postgres_bin/initdb" -D "$folder/data" -U tidemark --auth=trust --encoding=UTF8 --no-sync >/dev/null
    as_postgres "$postgres_bin/pg_ctl" -s -w -D "$folder/data" -l "$folder/log" \
        -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$folder" start
    as_postgres "$postgres_bin/createdb" -h 127.0.0.1 -p "$port" -U tidemark tidemark
}

start_redis() {
    mkdir -p "$1/redis"
    setsid "$redis_server" --bind 127.0.0.1 --port "$2" --dir "$1/redis" --save '' --appendonly no \
        >"$1/redis/log" 2>&1 </dev/null &
    echo $! >"$1/redis.pid"
    await_port Redis "$2" "$1/redis/log"
}

start_kafka() {
    local folder="$1/kafka"
    mkdir -p "$folder"
    cat >"$folder/server.properties" <<TEXT
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:$2,CONTROLLER://127.0.0.1:$3
advertised.listeners=PLAINTEXT://127.0.0.1:$2
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:$3
log.dirs=$folder/data
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
num.partitions=8
TEXT
    java -cp "$kafka_libs/*" kafka.tools.StorageTool format -t tidemarkdevelopmentQQQ \
        -c "$folder/server.properties" >"$folder/log" 2>&1
    setsid java -Xms256m -Xmx512m -XX:+UseG1GC -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
        -cp "$kafka_libs/*" kafka.Kafka "$folder/server.properties" >>"$folder/log" 2>&1 </dev/null &
    echo $! >"$1/kafka.pid"
    await_port Kafka "$2" "$folder/log"
}
