"""``make bench``: the figures the registry is to reach, measured on this machine, one file per figure.

Every ratio is against something measured in the same run, in turns (A B A B), and is the median over the
rounds. Everything stays on loopback, bounded in count and time, on synthetic data under a directory of its own.

figures      what a bench returns, its context, medians
machine      cores, pinning, memory, facts to print
registries   synthetic registries, built once and kept
server       the served application with an empty route beside; load: the generator on the other core
driving      starts the one, drives it with the other
read revisions importing publishing rounding starting searching judging following pages    the figures
running      runs them; reporting: table and JSON
"""
