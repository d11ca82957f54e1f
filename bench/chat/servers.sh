# Sourced by the benches of the chat: the servers and the load.
#
# Ours is the binary of the image malha/chat, unless another is named. The hub is the example of
# gorilla/websocket, unchanged, built by the Go module proxy; FastAPI comes from PyPI. Both are kept
# in ${XDG_CACHE_HOME:-~/.cache}/malha-bench.
gorilla_version=v1.5.3 fastapi_version=0.165.0 uvicorn_version=0.54.0 port=17441
cache=${XDG_CACHE_HOME:-$HOME/.cache}/malha-bench
work=$(mktemp -d)
server=
stop() {
    [[ -z $server ]] || { kill -9 "$server" && wait "$server"; } 2>/dev/null || true
    server=
}
trap 'stop; rm -rf "$work"' EXIT

# Puts our binary to $work/chat and says which one it is.
take_ours() {
    if [[ -n ${1:-} ]]; then
        cp "$1" "$work/chat"
    else
        local container
        container=$(docker create malha/chat:0.1.0)
        docker cp -q "$container:/service" "$work/chat"
        docker rm "$container" >/dev/null
    fi
    ours_is=$("$work/chat" --version)
}

build_load() { go build -o "$work/load" bench/chat/load.go bench/chat/client.go; }

build_floor() { go build -o "$work/floor" bench/chat/floor/main.go; }

build_gorilla() {
    gorilla=$cache/gorilla-$gorilla_version/chat
    [[ -x $gorilla ]] ||
        GOBIN=$(dirname "$gorilla") go install "github.com/gorilla/websocket/examples/chat@$gorilla_version"
}

build_fastapi() {
    venv=$cache/fastapi-$fastapi_version-$uvicorn_version
    [[ -x $venv/bin/uvicorn ]] || {
        python3 -m venv "$venv"
        "$venv/bin/pip" -q install "fastapi==$fastapi_version" "uvicorn[standard]==$uvicorn_version"
    }
}

# What servers and load are started by: `come_first` lets them come before all else that runs here,
# where root asks for it, so that lateness is theirs and not that of a busy machine.
first=()
come_first() { chrt --rr 1 true 2>/dev/null && first=(chrt --rr 1) || first=(); }

# Starts ours, gorilla, fastapi or the floor on core 0 and waits until it listens: sets `server` and `path`.
# Of ours, only what the load would run into is set: the rate of a client, connections in all and per address.
start() {
    path='/ws/{}'
    case $1 in
    ours)
        LISTEN=127.0.0.1:$port ADMIN_LISTEN=127.0.0.1:0 LOG_LEVEL=error RATE=1000000 RATE_BURST=1000000 \
            MAX_CONNECTIONS=20000 MAX_CONNECTIONS_PER_ADDRESS=20000 "${first[@]}" taskset -c 0 "$work/chat" &
        ;;
    gorilla)
        path=/ws
        GOMAXPROCS=1 "${first[@]}" taskset -c 0 "$gorilla" -addr 127.0.0.1:$port 2>"$work/gorilla.log" &
        ;;
    fastapi)
        "${first[@]}" taskset -c 0 "$venv/bin/uvicorn" --app-dir bench/chat twin:app --port $port --workers 1 \
            --log-level critical 2>"$work/fastapi.log" &
        ;;
    floor)
        GOMAXPROCS=1 "${first[@]}" taskset -c 0 "$work/floor" $port &
        ;;
    esac
    server=$!
    local tries
    for ((tries = 0; tries < 200; tries++)); do
        if (exec 3<>/dev/tcp/127.0.0.1/$port) 2>/dev/null; then return; fi
        sleep 0.1
    done
    echo "$1 does not listen" >&2
    return 1
}

load() { "${first[@]}" timeout 600 taskset -c 1 "$work/load" -port $port -path "$path" -pid "$server" "$@"; }
