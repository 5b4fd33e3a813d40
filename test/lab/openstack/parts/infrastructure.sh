# What the services stand on: MariaDB, RabbitMQ, memcached. Sourced by up.

sql() {
  mariadb --no-defaults --socket="$run/mysql.sock" -uroot -N -B -e "$1"
}

# Nothing of it has to outlive a power cut, so nothing waits for a disk.
start_database() {
  local data=$lab/mysql
  if [ ! -d "$data/mysql" ]; then
    mkdir -p "$data"
    mariadb-install-db --no-defaults --user=root --datadir="$data" --auth-root-authentication-method=normal \
      --skip-test-db >"$log/mariadb-install.log" 2>&1 || fail_with_log mariadb-install-db "$log/mariadb-install.log"
  fi
  start mariadb mariadbd --no-defaults --user=root --datadir="$data" --socket="$run/mysql.sock" \
    --pid-file="$run/mariadbd.own" --bind-address=127.0.0.1 --port=$database_port --skip-log-bin \
    --innodb-flush-log-at-trx-commit=0 --innodb-doublewrite=0 --innodb-buffer-pool-size=96M --debug-no-sync \
    --performance-schema=off --skip-name-resolve --max-connections=400 --character-set-server=utf8mb3 \
    --collation-server=utf8mb3_general_ci
}

start_queue() {
  local home=$lab/rabbitmq cookie environment
  cookie=$home/.erlang.cookie
  mkdir -p "$home"
  if [ ! -e "$cookie" ]; then
    head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$cookie"
    chmod 400 "$cookie"
  fi
  echo '[].' >"$home/enabled_plugins"
  : >"$home/env.conf"
  cat >"$home/rabbitmq.conf" <<X
listeners.tcp.default = 127.0.0.1:$queue_port
loopback_users.guest = true
log.file.level = warning
vm_memory_high_watermark.absolute = 1GB
disk_free_limit.absolute = 100MB
X
  environment=(
    HOME="$home"
    RABBITMQ_CONF_ENV_FILE="$home/env.conf"
    RABBITMQ_NODENAME=lab@localhost
    RABBITMQ_CONFIG_FILE="$home/rabbitmq.conf"
    RABBITMQ_MNESIA_BASE="$home/mnesia"
    RABBITMQ_LOG_BASE="$log"
    RABBITMQ_ENABLED_PLUGINS_FILE="$home/enabled_plugins"
    RABBITMQ_DIST_PORT=$((queue_port + 1))
    ERL_EPMD_ADDRESS=127.0.0.1
    ERL_EPMD_PORT=$((queue_port + 2))
    # Schedulers that spin while they have nothing to do take a core of the two from the tests.
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+sbwt none +sbwtdcpu none +sbwtdio none +S 2:2 -kernel inet_dist_use_interface {127,0,0,1}"
  )
  start rabbitmq env "${environment[@]}" /usr/lib/rabbitmq/bin/rabbitmq-server
}

start_cache() {
  start memcached memcached -u nobody -l 127.0.0.1 -p $cache_port -U 0 -m 64
}

database_answers() {
  sql 'select 1' >/dev/null 2>&1
}

create_databases() {
  local database
  wait_for mariadb 30 database_answers
  # A service may join a lab that has been up without it.
  for database in keystone glance neutron cinder placement nova_api nova nova_cell0 heat; do
    sql "create database if not exists $database" || fail "create database $database"
  done
  sql "create user if not exists lab@'127.0.0.1' identified by '$password'; grant all on *.* to lab@'127.0.0.1'" ||
    fail "create the database's user"
}
