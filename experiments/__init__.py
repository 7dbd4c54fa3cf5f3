"""Networks made of the memory network's own classes, and measured by benchmarks; the app imports none of them."""
