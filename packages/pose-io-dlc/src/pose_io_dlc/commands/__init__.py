"""What the command `pose-io-dlc` does, one module each."""
