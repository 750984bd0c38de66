"""What the trainings of this folder's detectors share: grids, layers, assignment and loss, scoring, the loop, export."""
