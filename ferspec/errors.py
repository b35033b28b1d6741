"""The three ways in which judging can end early, each with its own meaning."""


class UserError(Exception):
    """A mistake of the user's: shown as one clear line on stderr, exit status 2, nothing written."""


class SubjectError(Exception):
    """The subject misbehaved while it was judged (it crashed, or answered nonsense): its check fails."""


class NotEvaluable(Exception):
    """A check cannot be evaluated on this subject: the text is the reason, and never counts as a pass."""
