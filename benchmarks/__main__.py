"""`python -m benchmarks`: all benchmarks, one after another."""

from benchmarks import durable_commits, exchange_matching

if __name__ == "__main__":
    durable_commits.main()
    exchange_matching.main()
