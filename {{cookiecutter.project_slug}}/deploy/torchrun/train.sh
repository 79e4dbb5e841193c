#!/usr/bin/env bash
# Trains with torchrun on one node or many: run the same line on every node, in the project's folder.
#   deploy/torchrun/train.sh optimizer.lr=1.0e-3
#   NODES=2 RENDEZVOUS=node-0:29500 DL_RUN_DIR=runs/exp-two-nodes deploy/torchrun/train.sh
# NODES       how many nodes take part (1)
# PROCESSES   processes on each (its GPUs)
# RENDEZVOUS  host:port of the first node, which all can reach (several nodes only)
# DL_RUN_DIR  folder of the run, on a shared disk; a run that was begun there is continued
# RESTARTS    how often all processes are restarted after one died (3)
set -euo pipefail

nodes=${NODES:-1}
gpus=$(nvidia-smi --list-gpus 2>/dev/null | wc -l || true)
processes=${PROCESSES:-$((gpus > 0 ? gpus : 1))}
if [ "$nodes" -gt 1 ] && { [ -z "${RENDEZVOUS:-}" ] || [ -z "${DL_RUN_DIR:-}" ]; }; then
    echo "train.sh: several nodes need RENDEZVOUS=host:port and DL_RUN_DIR=runs/NAME." >&2
    exit 2
fi
export DL_RUN_DIR=${DL_RUN_DIR:-runs/exp-$(date -u +%Y-%m-%d-%H%M%S)}

# With one store for all restarts, restarted processes read the addresses of dead ones, and wait for
# them (https://github.com/pytorch/pytorch/issues/135712; torch 2.15 still does so).
export TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1

# exec: a SIGTERM must reach torchrun, which passes it on, so that the run saves its state.
exec python -m torch.distributed.run \
    --nnodes="$nodes" --nproc-per-node="$processes" \
    --rdzv-backend=c10d --rdzv-endpoint="${RENDEZVOUS:-localhost:0}" \
    --rdzv-id="$(basename "$DL_RUN_DIR")" --max-restarts="${RESTARTS:-3}" \
    -m {{ cookiecutter.package_name }} train \
    trainer=ddp trainer.num_nodes="$nodes" trainer.devices="$processes" "$@"
