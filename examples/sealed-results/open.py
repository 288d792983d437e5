"""Opens the cards of a sealed result. Needs PyNaCl: pip install pynacl

    python3 open.py NAME PRIVATE_KEY_FILE < PINS

NAME is the name of the key in results.seal_to, PINS the field `pins` of the result. Prints the cards as JSON.
"""

import base64
import json
import sys

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox

_, name, file = sys.argv
copies = json.loads(sys.stdin.buffer.read())
if name not in copies:
    sys.exit(f"These cards are not sealed to the key {name}.")
with open(file, encoding="ascii") as private:
    key = PrivateKey(base64.b64decode(private.read().strip(), validate=True))
try:
    cards = SealedBox(key).decrypt(base64.b64decode(copies[name], validate=True))
except CryptoError:
    sys.exit(f"The private key in {file} does not open these cards.")
sys.stdout.buffer.write(cards)
