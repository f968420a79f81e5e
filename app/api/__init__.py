"""The API under /api/v1: a file per noun (listed in ``parts``). Routes translate; the work is in the packages above."""
