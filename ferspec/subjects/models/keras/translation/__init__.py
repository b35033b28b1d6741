"""Translate networks of Keras 1 and 2 to Keras 3: configuration, graph, operations of TensorFlow, and weights."""
