"""The page a person gets where a program gets problem+json."""

from flask import Response, make_response, render_template

from campaign.web.account.login import ask_to_sign_in


def error_page(status: int, code: str, words: str) -> Response:
    """Draw an error. Strangers are asked to sign in and led back afterwards."""
    if code == "unauthenticated":
        return ask_to_sign_in()
    return make_response(render_template("errors/error.html", status=status, code=code, words=words), status)
