"""`python -m workers` runs one worker."""

from workers.commands import worker

if __name__ == "__main__":
    worker()
