"""The schedule reads in clock order and lets people sleep."""

from workers.schedule import SCHEDULE


def test_jobs_stand_in_clock_order() -> None:
    times = [(job.hour, job.minute) for job in SCHEDULE]

    assert times == sorted(times)


def test_nothing_speaks_to_people_at_night() -> None:
    assert all(8 <= job.hour < 21 for job in SCHEDULE if job.speaks_to_people)


def test_every_job_has_a_name_of_its_own() -> None:
    names = [job.name for job in SCHEDULE]

    assert len(names) == len(set(names))
