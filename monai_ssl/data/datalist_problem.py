"""One thing that is wrong in a data list."""

from dataclasses import dataclass

__all__ = ["Problem"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something for which a data list cannot be used.

    Args:
        kind: what all problems of this kind are, in a few words.
        places: the entries concerned, such as ``"labeled[3]"``; none for what concerns the whole list.
        reason: what is wrong with them: the rest of the sentence that their places begin.
        remedy: what to do, as a sentence.
    """

    kind: str
    places: tuple[str, ...]
    reason: str
    remedy: str

    @property
    def sentence(self) -> str:
        """The places and the reason, without a full stop."""
        return f"{' and '.join(self.places)} {self.reason}".strip()
