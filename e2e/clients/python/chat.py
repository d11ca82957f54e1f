"""chat.py URL          prints what it hears, until somebody says `fim`
chat.py URL TEXT     says it once it has joined"""

import sys

from websockets.sync.client import connect

with connect(sys.argv[1], open_timeout=2) as chat:
    for message in chat:
        print(message, flush=True)
        if len(sys.argv) > 2:
            chat.send(sys.argv[2])
            break
        if message.endswith(": fim"):
            break
