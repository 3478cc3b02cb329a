"""What a sweep is made of: points and their keys, results as bytes, workers, and the book of what has finished."""
