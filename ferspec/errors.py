"""The errors that end a judgement or a check early."""


class UserError(Exception):
    """A mistake of the user: one line on stderr, exit status 2, nothing written."""


class SubjectError(Exception):
    """The subject crashed or gave an invalid answer during a check: the check fails."""


class NotEvaluable(Exception):
    """A check cannot be evaluated on this subject; the text is the reason."""
