"""Files that are read and written; tables of points go through pose-io-dlc."""
