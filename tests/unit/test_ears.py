"""Ears that cannot hear: said once, and once when they hear again."""

import threading

from structlog.testing import capture_logs

from campaign.kit import ears


class Deaf(ears.Ears):
    """Cannot listen the first three times."""

    lost = (ConnectionError,)

    def __init__(self) -> None:
        super().__init__("deaf")
        self.tries = 0
        self.heard_again = threading.Event()

    def _listen(self) -> None:
        self.tries += 1
        if self.tries <= 3:
            raise ConnectionError("nobody there")
        self._say("")
        self.heard_again.set()
        while not self._is_over():
            threading.Event().wait(0.01)


def test_a_server_that_stays_away_is_one_line_and_its_return_another(monkeypatch) -> None:
    monkeypatch.setattr(ears, "COME_BACK_SECONDS", 0.01)
    deaf = Deaf()
    with capture_logs() as logs, deaf.place():
        assert deaf.heard_again.wait(5)
    assert [one["event"] for one in logs] == ["ears_lost", "ears_back"]
    assert deaf.tries == 4
