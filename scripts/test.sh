#!/bin/sh
# npm test [-- VITEST ARGUMENTS]: every suite, on real parts. Needs npm, whatever its Node.
set -eu
. "$(dirname "$0")/prepare.sh"

if ! require_tools dockerd:docker.io etcd:etcd-server busybox:busybox-static docker-registry:docker-registry \
  python3-kubernetes:python3-kubernetes sshd:openssh-server docker-compose:docker-compose; then
  echo "Tests that need what is missing are skipped, each with its reason." >&2
fi
install_packages
cd "$root"
PATH=$root/node_modules/.bin:$PATH
export PATH
# A real OpenStack takes packages of its own and most of an hour: npm run test:openstack. A real Kubernetes has to be
# built first: npm run test:kubernetes.
case " $* " in
*" --project"*) ;;
*) set -- --project '!openstack' --project '!kubernetes' "$@" ;;
esac
exec node node_modules/vitest/vitest.mjs run --reporter=default --reporter=./scripts/summary-reporter.ts "$@"
