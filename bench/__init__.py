"""The benchmark: `python -m bench`, or `make bench`; results go to bench/results/.

Each measurement is a list of samples, taken in rounds: one round runs every variant once, so that
whatever disturbs the machine disturbs all of them alike. What is reported is the median.
"""
