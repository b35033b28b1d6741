"""Judge Python functions ``package.module:callable``, and cover the files that they read by a digest."""
