"""What a careless or a hostile author could do in Python, by words. No word is answered by more than an error of its own run."""

import sandglass_guest
from sandglass_guest import InputError, Input, row, timestamp, utf8

import greedy
import innards
import outside
import talkative

WORDS = greedy.WORDS | innards.WORDS | outside.WORDS | talkative.WORDS


@row(
    "misbehaves",
    doc="Does what each row says.",
    input=Input("rows", {"what": utf8, "timestamp": timestamp}),
    output={"what": utf8, "said": utf8, "timestamp": timestamp},
)
def misbehaves(context, batch, out):
    for source, (what, time) in enumerate(batch.zip("what", "timestamp")):
        if what not in WORDS:
            raise InputError(f"there is no word `{what}`; there are {', '.join(WORDS)}", row=source)
        said = WORDS[what]()
        out.emit(source, what, said if isinstance(said, str) else repr(said), time)
