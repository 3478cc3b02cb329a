"""Published systems assembled from the engine, one file or folder each."""
