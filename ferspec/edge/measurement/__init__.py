"""Measures a converted file: answers, speed, memory, operators, and the devices that it fits."""
