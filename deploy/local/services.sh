# shellcheck shell=sh disable=SC2154 # demo.sh sets $work and $bin
# Starts and stops the processes of the demo: Redis, the sandbox and the workers. All their files are in the folder $work.

started=''

# wait_for SECONDS COMMAND... : waits until the command succeeds. Fails after that time.
wait_for() {
    tries=$(($1 * 20))
    shift
    until "$@"; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        sleep 0.05
    done
}

alive() { kill -0 "$1" 2>/dev/null; }

redis() { redis-cli -p "$redis_port" "$@"; }

# Succeeds if this demo's Redis answers, or if it has stopped because another process uses the port.
redis_answers() {
    alive "$redis_pid" || return 0
    redis info server 2>/dev/null | grep -q "^process_id:${redis_pid}[^0-9]*$"
}

start_redis() {
    mkdir "$work/redis"
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        redis_port=$((20000 + $(od -An -N2 -tu2 /dev/urandom) % 12000))
        redis-server --port "$redis_port" --bind 127.0.0.1 --dir "$work/redis" --appendonly yes --save '' \
            --maxmemory-policy noeviction >"$work/redis.log" 2>&1 &
        redis_pid=$!
        if wait_for 5 redis_answers && alive "$redis_pid"; then
            started="$started $redis_pid"
            return
        fi
        end "$redis_pid"
    done
    fail "Cannot start Redis for the demo. Its last log lines:
$(tail -n 5 "$work/redis.log")"
}

# start_sandbox FLAGS...
start_sandbox() {
    "$bin/hp-sandbox" --listen 127.0.0.1:0 "$@" >"$work/sandbox.log" 2>&1 &
    sandbox_pid=$!
    started="$started $sandbox_pid"
    wait_for 5 sandbox_listens || fail "Cannot start the sandbox. Its last log lines:
$(tail -n 5 "$work/sandbox.log")"
}

sandbox_listens() {
    sandbox=$(sed -n 's/.*listening on \(http:[/0-9.:]*\).*/\1/p' "$work/sandbox.log")
    [ -n "$sandbox" ]
}

ask_sandbox() {
    path=$1
    shift
    curl -sS --fail --noproxy '*' --max-time 5 "$@" "$sandbox/_sandbox/$path"
}

# start_worker NAME: starts a worker. The caller's environment is cleared, so that the demo is the same everywhere.
start_worker() {
    env -i PATH="$PATH" \
        HP_API__BASE_URL="$sandbox" HP_API__APP_ID=demo HP_API__APP_SECRET=demo-secret HP_API__TIMEOUT=2s \
        HP_REDIS__URL="redis://127.0.0.1:$redis_port" HP_WORKER__CONCURRENCY=8 HP_WORKER__LEASE=3s \
        HP_RETRY__BASE=250ms HP_RETRY__MAX=2s HP_RETRY__RESUBMIT_AFTER=5500ms HP_LOG__FILTER=debug HP_ADMIN__LISTEN= \
        "$bin/worker" run >"$work/$1.log" 2>&1 &
    worker_pid=$!
    started="$started $worker_pid"
}

# `wait` keeps the shell from reporting the killed process.
kill_hard() {
    kill -9 "$1"
    wait "$1" 2>/dev/null || true
}

end() {
    kill "$1" 2>/dev/null || true
    wait_for 2 gone "$1" || kill -9 "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

gone() { ! alive "$1"; }

# Stops the processes in reverse order: workers, sandbox, Redis.
stop_all() {
    reversed=''
    for pid in $started; do
        reversed="$pid $reversed"
    done
    for pid in $reversed; do
        end "$pid"
    done
    started=''
}
