#!/bin/sh
# npm run test:kubernetes [-- VITEST ARGUMENTS]: what runs against a real Kubernetes. Builds it where that has not been done.
set -eu
. "$(dirname "$0")/prepare.sh"

require_tools kubectl:kubernetes-client
"$root/test/lab/kubernetes/build"
exec "$root/scripts/test.sh" --project comparison --project kubernetes "$@"
