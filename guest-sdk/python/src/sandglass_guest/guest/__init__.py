"""What a component needs beside the SDK proper: a closed world in which Python fails clearly instead of trapping.

With `--stub-wasi` every call to the system ends the run without a word. While a component is built, these modules let
everything through to the real system; from the first call of the host on they answer themselves.
"""
