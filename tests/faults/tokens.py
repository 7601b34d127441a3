"""A token server on loopback, and the key that gets tokens from it: google-auth works as with Google."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


class TokenServer:
    """Gives a new token each time it is asked, and counts them."""

    def __init__(self) -> None:
        self.given = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                outer.given += 1
                token = {"access_token": f"token-{outer.given}", "expires_in": 3600, "token_type": "Bearer"}
                body = json.dumps(token).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        self.key = {
            "type": "service_account",
            "project_id": "payer",
            "client_email": "someone@payer.iam.gserviceaccount.com",
            "private_key_id": "1",
            "private_key": _private_key(),
            "token_uri": f"http://127.0.0.1:{self._server.server_address[1]}/token",
        }

    def stop(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoding, style = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, style, serialization.NoEncryption()).decode()
