"""Names the attributes of a scene, so that metrics can be sliced by them."""

from ferspec.synthetic.description import Scene
from ferspec.synthetic.tables import table

_TURNED = 5.0
_AGES = ((0.22, "younger"), (0.5, "middle-aged"), (1.01, "older"))


def attributes(scene: Scene) -> dict[str, str]:
    """Return the ``skin_tone`` (five groups), ``age``, ``pose``, ``light`` and ``occlusion`` of a scene."""
    looks = table("looks")
    groups = looks["skin_groups"]
    return {
        "skin_tone": groups[int(scene.looks.tone * len(groups) / (len(looks["skin"]) - 1))],
        "age": next(name for limit, name in _AGES if scene.looks.age < limit),
        "pose": _pose(scene),
        "light": scene.light.name,
        "occlusion": scene.occlusion.kind,
    }


def _pose(scene: Scene) -> str:
    pose = scene.pose
    turns = {
        "turned right": pose.yaw,
        "turned left": -pose.yaw,
        "down": pose.pitch,
        "up": -pose.pitch,
        "tilted": abs(pose.roll),
    }
    name, most = max(turns.items(), key=lambda turn: turn[1])
    return name if most >= _TURNED else "frontal"
