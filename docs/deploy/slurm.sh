#!/bin/sh
# Trains on 2 nodes with 4 GPUs each: sbatch slurm.sh DATA RUN
# Both paths are on a file system that all nodes see. Submitted again after it was
# stopped, it goes on from the last checkpoint. Not run on a cluster yet.
#SBATCH --job-name=clprop
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=8
#SBATCH --time=04:00:00
#SBATCH --signal=TERM@120
set -eu
data=$1
run=$2

# --mpi=pmix is for Open MPI, --mpi=pmi2 for MPICH; "srun --mpi=list" says what there is.
# All ranks of a node see all its GPUs, and clprop gives each rank one.
if [ -d "$run" ] && ls "$run"/checkpoint-*.clprop >/dev/null 2>&1; then
	exec srun --mpi=pmix --gpu-bind=none clprop train --resume "$run"
fi
exec srun --mpi=pmix --gpu-bind=none clprop train --data "$data" --run "$run" \
	--checkpoint-every 10m --hidden 4096,4096 --batch-size 8192 --epochs 20
