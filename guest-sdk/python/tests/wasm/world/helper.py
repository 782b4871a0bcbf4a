def late():
    import statistics

    from shlex import quote

    return [statistics.median([1, 2, 3]), quote("a b")]


def fails():
    numbers = []
    return numbers[7]
