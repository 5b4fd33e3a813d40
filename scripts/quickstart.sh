#!/bin/sh
# npm run quickstart [-- --once]: from a fresh clone to three running Containers. Needs npm, whatever its Node.
set -eu
. "$(dirname "$0")/prepare.sh"

if [ -n "${DOCKER_HOST:-}" ] || [ -S /var/run/docker.sock ]; then
  require_tools busybox:busybox-static
else
  require_tools dockerd:docker.io busybox:busybox-static
fi
install_packages
exec "$root/node_modules/.bin/node" "$root/scripts/quickstart.ts" "$@"
