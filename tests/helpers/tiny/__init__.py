"""Trainings and runs in miniature."""
