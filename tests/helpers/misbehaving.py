"""An implementation over JSON lines that misbehaves on request: ``python misbehaving.py FAULT CAPABILITY``."""

import json
import os
import subprocess
import sys
import time

CLASSES = ["Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise"]
RIGHT = {
    "classes": lambda: CLASSES,
    "monitored_split": lambda: "validation",
    "rounded": lambda metric: round(metric, 2),
}


def say(text):
    sys.stdout.write(text)
    sys.stdout.flush()


def answer(number, value, end="\n"):
    say(f'{{"id": {number}, "value": {value}}}{end}')


def flood(stream, text):
    while True:
        stream.write(text)


def hang():
    time.sleep(600)


def leave_a_child(own_session):
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=own_session)
    hang()


def crash():
    print("Traceback: out of cheese", file=sys.stderr)
    sys.exit(3)


def close():
    os.close(1)
    hang()


def answer_and_then(text, number):
    answer(number, '"validation"', end=f"\n{text}")


def write_late(number):
    answer(number, '"validation"')
    line = sys.stdin.readline()
    say("done\n")
    reply(json.loads(line or '{"id": 0, "capability": "capabilities"}'))


def write_after_the_next(number):
    answer(number, '"validation"')
    reply(json.loads(sys.stdin.readline()))
    say("done\n")


def leave(number):
    answer(number, '"validation"')
    sys.exit(4)


FAULTS = {
    "hang": lambda number: hang(),
    "leaves a child and hangs": lambda number: leave_a_child(own_session=False),
    "leaves a daemon and hangs": lambda number: leave_a_child(own_session=True),
    "crash": lambda number: crash(),
    "abort": lambda number: os.kill(os.getpid(), 9),
    "unnamed signal": lambda number: os.kill(os.getpid(), 40),
    "exit": lambda number: sys.exit(0),
    "closes": lambda number: close(),
    "garbage": lambda number: say("[1] 0.5\n"),
    "bytes": lambda number: (sys.stdout.buffer.write(b"\xff\xfe\n"), sys.stdout.flush()),
    "other id": lambda number: say(json.dumps({"id": number - 1, "value": 1}) + "\n"),
    "id as text": lambda number: say(json.dumps({"id": str(number), "value": 1}) + "\n"),
    "no id": lambda number: say('{"value": 1}\n'),
    "a list": lambda number: say(f"[{number}]\n"),
    "neither": lambda number: say(json.dumps({"id": number}) + "\n"),
    "NaN": lambda number: answer(number, "NaN"),
    "beyond float": lambda number: answer(number, "1e999"),
    "long integer": lambda number: answer(number, "9" * 5000),
    "deep": lambda number: answer(number, "[" * 100 + "]" * 100),
    "very deep": lambda number: answer(number, "[" * 200_000 + "]" * 200_000),
    "no line end": lambda number: (answer(number, "1", end=""), hang()),
    "huge line": lambda number: flood(sys.stdout, "a" * 100_000),
    "many lines": lambda number: flood(sys.stdout, "\n" * 100_000),
    "much on stderr": lambda number: flood(sys.stderr, "warning\n" * 10_000),
}


# these answer first, and rightly
FOLLOWING = {
    "writes more": lambda number: answer_and_then("done\n", number),
    "answers twice": lambda number: answer_and_then(f'{{"id": {number}, "value": "validation"}}\n', number),
    "answers ahead": lambda number: answer_and_then(f'{{"id": {number + 1}, "value": 1}}\n', number),
    "begins a line": lambda number: answer_and_then("{", number),
    "writes late": write_late,
    "writes later": write_after_the_next,
    "leaves": leave,
}


def reply(request):
    known = request["capability"] != "capabilities"
    value = RIGHT[request["capability"]](**request["arguments"]) if known else list(RIGHT)
    say(json.dumps({"id": request["id"], "value": value}) + "\n")


def main(fault, capability):
    for line in sys.stdin:
        request = json.loads(line)
        if request["capability"] != "capabilities" and capability in (request["capability"], "every"):
            (FAULTS | FOLLOWING)[fault](request["id"])
        else:
            reply(request)


if __name__ == "__main__":
    main(*sys.argv[1:])
