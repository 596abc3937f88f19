"""Make the TLS of a port from the files that the settings name."""

from __future__ import annotations

import ssl
from pathlib import Path

from engine.errors import ConfigError, Fault


def server_context(*, certificate: Path, key: Path, client_ca: Path | None = None, revoked: Path | None = None) -> ssl.SSLContext:
    """Make the context of a server, TLS 1.2 or newer; with `client_ca` peers may show a certificate of that authority.

    A peer that shows none goes on without; one that shows another, an expired or a revoked one ends the handshake.
    `revoked` holds the revocation list (PEM) of each authority in `client_ca`; one that has run out lets no certificate in.
    Raises ConfigError naming the file that cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    _load(context, "tls.certificate", certificate, key)
    if client_ca is not None:
        _trust(context, "tls.client-ca", client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
    if revoked is not None:
        if client_ca is None:
            raise _refusal("tls.revoked", "a revocation list needs the authority it belongs to: set tls.client-ca too")
        _trust(context, "tls.revoked", revoked)
        if not context.cert_store_stats()["crl"]:
            raise _refusal("tls.revoked", f"{revoked.name} holds no revocation list (PEM)")
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    return context


def _load(context: ssl.SSLContext, name: str, certificate: Path, key: Path) -> None:
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except (OSError, ValueError) as problem:
        said = f"{certificate.name} and {key.name} are no certificate (PEM) with its unencrypted key: {_why(problem)}"
        raise _refusal(name, said) from problem


def _trust(context: ssl.SSLContext, name: str, path: Path) -> None:
    try:
        context.load_verify_locations(path)
    except (OSError, ValueError) as problem:
        raise _refusal(name, f"{path.name} cannot be used: {_why(problem)}") from problem


def _no_password() -> str:
    """Answer when a key asks for a password: nobody sits at the engine to type it."""
    raise ValueError("the key is encrypted")


def _why(problem: Exception) -> str:
    if isinstance(problem, FileNotFoundError):
        return "there is no such file"
    return getattr(problem, "reason", None) or (problem.strerror if isinstance(problem, OSError) else None) or str(problem)


def _refusal(name: str, said: str) -> ConfigError:
    return ConfigError([Fault(file="config/engine.yaml", line=0, column=0, code="CFG-061", message=f"{name}: {said}")])
