"""Run small trainings like ``ferspec grid run`` and print the results as JSON, in a process that tests can kill.

A script: ``python -m helpers.grid_driver local|ray tiny_cells|real_cells OUT TRACE SEED...``.
"""

import os
import sys

from ferspec.grid.running.board import Board
from ferspec.grid.running.jobs import Limits, jobs_of
from ferspec.grid.running.on_ray import Cluster
from ferspec.grid.running.results import open_results
from ferspec.grid.running.run import run_jobs
from helpers import real_cells
from helpers.tiny import cells as tiny_cells

# two at a time, however many processors there are
HALF = Cluster(gpus=0, cpus=(os.cpu_count() // 2) or 0.5)


def main(on, which, out, trace, *seeds):
    cells = {"tiny_cells": tiny_cells, "real_cells": real_cells}[which]
    options = cells.options(trace)
    jobs = jobs_of([options.cell], [int(seed) for seed in seeds], options)
    board = Board(out, jobs)
    run_jobs(jobs, open_results(out), Limits(trainer=cells.TRAINER), board.update, HALF if on == "ray" else None)
    print(board.summary().model_dump_json())


if __name__ == "__main__":
    main(*sys.argv[1:])
