"""The page a person gets where a program gets problem+json."""

from flask import Response, make_response, redirect, render_template, request

from campaign.web.account.login import ask_to_sign_in
from campaign.web.targets import nearest_page


def error_page(status: int, code: str, words: str) -> Response:
    """Draw an error. Strangers are asked to sign in and led back afterwards.

    The address of a button's answer, opened again, is no error: it leads to the page that the button stands on.
    """
    if code == "unauthenticated":
        return ask_to_sign_in()
    if code == "method_not_allowed" and request.method == "GET" and (page := nearest_page()) != "/":
        return redirect(page, 303)  # type: ignore[return-value]
    return make_response(render_template("errors/error.html", status=status, code=code, words=words), status)
