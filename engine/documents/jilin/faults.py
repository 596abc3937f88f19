"""Say what is wrong with a message or an envelope of the Jilin text, by its own RETURN_CODE."""

from __future__ import annotations


class MessageFault(Exception):
    """A message or an envelope that is not as the text has it.

    `code` is the RETURN_CODE that answers it (section 1.7 of the fact sheet), `message` the Chinese RETURN_MSG, `path` the node
    at fault; `user` is the USER_ID once it is known to us; `proven` is true once the signature was right, so that the refusal may
    be signed for it, with the `nonce` of the request.
    """

    def __init__(self, code: str, message: str, path: str = "", *, user: str = "") -> None:
        super().__init__(f"{code} {path} {message}" if path else f"{code} {message}")
        self.code = code
        self.message = message
        self.path = path
        self.user = user
        self.proven = False
        self.nonce = ""
