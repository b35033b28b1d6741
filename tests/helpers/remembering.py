"""Commands that run once for the same words and files: later, what they wrote is written again."""

from pathlib import Path

Answer = tuple[int, str, str]
Contents = dict[Path, bytes]


def remembered(run, known):
    """Return a function like ``run``, a command in the current folder, that looks into ``known`` first.

    Only for what prepares a test: a command is known by its words and by all files of the folder.
    """

    def answer(*words) -> Answer:
        before = contents()
        key = words, frozenset(before.items())
        if key not in known:
            given, after = run(*words), contents()
            known[key] = given, {path: data for path, data in after.items() if before.get(path) != data}
            assert before.keys() <= after.keys(), "a command that removes files cannot be remembered"
        given, written = known[key]
        for path, data in written.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return given

    return answer


def contents() -> Contents:
    """Return the content of each file in the current folder and below it."""
    return {path: path.read_bytes() for path in sorted(Path().rglob("*")) if path.is_file()}
