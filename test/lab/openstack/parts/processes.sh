# Starts programs that stay, knows whether they run, and ends them. Sourced by up, down and status.
# Each is recorded as run/NAME.pid, and leads a session of its own, so that all that it starts can be ended with it.

# In the environment of all that runs here, and of all that that starts: nothing gets lost, whatever session it moved to.
mark=OPENSTACK_LAB_PROCESS=$lab

# is_alive NAME: the recorded process still leads the session it was started in: it is no other one with its number
is_alive() {
  local pid
  pid=$(cat "$run/$1.pid" 2>/dev/null) || return 1
  leads_session "$pid"
}

leads_session() {
  [ -n "$1" ] && [ "$(ps -o sid= -p "$1" 2>/dev/null | tr -d ' ')" = "$1" ]
}

# start NAME COMMAND...: unless it runs
start() {
  local name=$1
  shift
  if is_alive "$name"; then return 0; fi
  # Not the lock: whoever holds it must be able to let it go.
  env "$mark" setsid "$@" >>"$log/$name.log" 2>&1 </dev/null 9>&- &
  echo $! >"$run/$name.pid"
  # On a busy machine it takes a while until it leads its session; before that it looks as if it had ended.
  until leads_session $! || ! kill -0 $! 2>/dev/null; do sleep 0.05; done
}

# wait_for NAME SECONDS COMMAND...: until COMMAND succeeds; gives up when NAME ends
wait_for() {
  local name=$1 deadline=$((SECONDS + $2))
  shift 2
  until "$@"; do
    is_alive "$name" || fail_with_log "$name ended" "$log/$name.log"
    [ "$SECONDS" -lt "$deadline" ] || fail_with_log "$name does not answer" "$log/$name.log"
    sleep 0.2
  done
}

listens() {
  (exec 3<>/dev/tcp/127.0.0.1/"$1") 2>/dev/null
}

# answers URL: with anything that is no error of the server's own
answers() {
  local code
  code=$(curl --noproxy '*' -s -o /dev/null -m 5 -w '%{http_code}' "$1") || true
  [ "$code" -ge 200 ] && [ "$code" -lt 500 ]
}

# end SECONDS NAME...: asks all of them to end, and makes them end after SECONDS
end() {
  local grace=$1 name pid left sessions=() deadline
  shift
  for name; do
    pid=$(cat "$run/$name.pid" 2>/dev/null) || continue
    if leads_session "$pid" && kill -TERM -- "-$pid" 2>/dev/null; then sessions+=("$pid"); fi
    rm -f "$run/$name.pid"
  done
  deadline=$((SECONDS + grace))
  while [ "$SECONDS" -lt "$deadline" ]; do
    left=
    for pid in "${sessions[@]}"; do
      if [ -n "$(ps -o pid= --sid "$pid" 2>/dev/null)" ]; then left=1; fi
    done
    [ -n "$left" ] || return 0
    sleep 0.2
  done
  for pid in "${sessions[@]}"; do kill -KILL -- "-$pid" 2>/dev/null || true; done
}

# marked: pids of all processes that were started here, directly or not
marked() {
  local environment
  for environment in /proc/[0-9]*/environ; do
    if grep -qzxF "$mark" "$environment" 2>/dev/null; then basename "$(dirname "$environment")"; fi
  done
}

# end_marked: what moved to a session of its own: dnsmasq, privileged helpers, epmd
end_marked() {
  local pid
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    [ -n "$(marked)" ] || return 0
    for pid in $(marked); do kill -TERM "$pid" 2>/dev/null || true; done
    sleep 0.2
  done
  for pid in $(marked); do kill -KILL "$pid" 2>/dev/null || true; done
}

# identity_of PID: with when it began, because numbers are used again; nothing when there is no such process
identity_of() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
  # proc(5): the name, in parentheses, may have spaces in it; the 22nd field is when it began.
  echo "$1 $(echo "${stat##*) }" | cut -d ' ' -f 20)"
}

say() {
  local tenths=$(((${EPOCHREALTIME/[.,]/} - began) / 100000))
  printf '%5d.%d  %s\n' $((tenths / 10)) $((tenths % 10)) "$*"
}

fail() {
  say "FAILED: $*" >&2
  exit 1
}

# fail_with_log WHAT FILE
fail_with_log() {
  tail -20 "$2" >&2 || true
  fail "$1 (see $2)"
}

began=${EPOCHREALTIME/[.,]/}
