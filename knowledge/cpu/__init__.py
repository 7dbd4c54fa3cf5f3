"""Networks on the CPU with as little memory and time as their weights allow."""
