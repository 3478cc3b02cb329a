"""What the store rests on: the row that names its only writer, and SQLite's errors in plain words."""
