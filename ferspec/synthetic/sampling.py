"""Samples scenes: every face is another person, with another pose, light and setting."""

from __future__ import annotations

import math

from ferspec.errors import UserError
from ferspec.synthetic.chance import Chance
from ferspec.synthetic.description import (
    Camera,
    Light,
    Looks,
    Occlusion,
    Pose,
    Scene,
    Setting,
    Shape,
    Unit,
)
from ferspec.synthetic.portrait import darker, mixed
from ferspec.synthetic.tables import CLASSES, table

_BEARDS = {"none": 12, "stubble": 3, "full": 2.5, "goatee": 1, "moustache": 1}
_LONG_HAIR = 0.5


def sample(seed: int | str, expression: str) -> Scene:
    """Return the scene of a ``seed`` with an ``expression`` (one of the seven classes).

    The same seed gives different persons for different expressions. ``UserError`` for an unknown class.
    """
    if expression not in CLASSES:
        raise UserError(f"unknown expression {expression!r}: known are {', '.join(CLASSES)}")
    key = f"{seed}/{expression}"
    looks = _looks(Chance(key, "looks"))
    return Scene(
        key=key,
        expression=expression,
        units=_units(Chance(key, "units"), expression),
        shape=_shape(Chance(key, "shape")),
        looks=looks,
        pose=_pose(Chance(key, "pose")),
        light=_light(Chance(key, "light")),
        setting=_setting(Chance(key, "setting")),
        occlusion=_occlusion(Chance(key, "occlusion"), looks),
        camera=_camera(Chance(key, "camera")),
    )


def _form(chance: Chance, expression: str) -> dict[int, float]:
    forms = table("expressions")[expression]["forms"]
    form = forms[chance.weighted({i: form["often"] for i, form in enumerate(forms)})]
    return {int(number): chance.uniform(*reach) for number, reach in form["units"].items()}


def _units(chance: Chance, expression: str) -> tuple[Unit, ...]:
    rules = table("expressions")["sampling"]
    strength = chance.uniform(*rules["strength"])
    units = {number: strength * value for number, value in _form(chance, expression).items()}
    neighbour = chance.one_of(table("expressions")[expression]["neighbours"])
    share = chance.uniform(*rules["blend_share"])
    if chance.happens(rules["blend"]):
        for number, value in _form(chance, neighbour).items():
            units[number] = (1 - share) * units.get(number, 0.0) + share * value
    if chance.happens(rules["stray"]):
        number = int(chance.one_of(list(table("action_units"))))
        units[number] = min(1.0, units.get(number, 0.0) + chance.uniform(*rules["stray_intensity"]))
    loss = chance.near(0.0, rules["asymmetry"])
    left, right = min(1.0, 1.0 - loss), min(1.0, 1.0 + loss)
    return tuple(Unit(number, units[number] * left, units[number] * right) for number in sorted(units))


def _shape(chance: Chance) -> Shape:
    near = chance.near
    return Shape(
        width=near(0, 0.09),
        jaw=near(0, 0.12),
        chin=near(0, 0.08),
        cheekbones=near(0, 0.5),
        ears=near(0, 0.25),
        eye_spacing=near(0, 0.035),
        eye_width=near(0, 0.022),
        eye_open=near(0, 0.018),
        eye_tilt=near(0, 0.025),
        eye_height=near(0, 0.025),
        crease=chance.uniform(0, 1),
        brow_height=near(0, 0.03),
        brow_tilt=near(0, 0.03),
        brow_arch=near(0.02, 0.03),
        brow_thickness=chance.uniform(0.6, 1.5),
        nose_width=near(0, 0.04),
        nose_length=near(0, 0.05),
        nose_bridge=near(0, 0.5),
        mouth_width=near(0, 0.045),
        mouth_height=near(0, 0.025),
        mouth_corners=near(0, 0.02),
        lips=chance.uniform(0.7, 1.4),
    )


def _looks(chance: Chance) -> Looks:
    looks, styles = table("looks"), table("looks")["styles"]
    tone = chance.uniform(0, len(looks["skin"]) - 1)
    step = int(tone)
    skin = mixed(looks["skin"][step], looks["skin"][step + 1], tone - step)
    warmth = chance.near(0, 7)
    skin = (skin[0] + warmth * 0.4, skin[1], skin[2] - warmth)
    age = chance.uniform() * chance.uniform(0.3, 1.0)
    hues = {i: hue["often"] for i, hue in enumerate(looks["hair"]) if hue["tones"][0] <= tone <= hue["tones"][1]}
    hair = mixed(looks["hair"][chance.weighted(hues)]["colour"], looks["grey_hair"], _greying(chance, age))
    style = chance.weighted({name: style["often"] for name, style in styles.items()})
    long_hair = styles[style]["back"] > _LONG_HAIR or style == "bun"
    makeup = chance.uniform(0.2, 1.0) if chance.happens(0.55 if long_hair else 0.08) else 0.0
    irises = looks["iris"] if tone < 4 else looks["iris"][:3]
    lips = mixed(mixed(skin, (172, 72, 72), 0.42), (160, 30, 52), makeup * chance.uniform(0, 0.8))
    return Looks(
        tone=tone,
        skin=skin,
        iris=mixed(chance.one_of(irises), chance.one_of(irises), 0.3),
        hair=hair,
        lips=lips,
        style=style,
        parting=chance.uniform(-1, 1),
        beard="none" if long_hair or makeup else chance.weighted(_BEARDS),
        age=age,
        freckles=chance.uniform(0.3, 1.0) if tone < 4.5 and chance.happens(0.15) else 0.0,
        makeup=makeup,
        flush=chance.uniform(0.3, 1.0),
        earrings=makeup > 0 and chance.happens(0.3),
        cloth=tuple(chance.one_of(looks["clothes"])),
    )


def _greying(chance: Chance, age: float) -> float:
    return min(1.0, max(0.0, (age - chance.uniform(0.3, 0.6)) * 3.0))


def _pose(chance: Chance) -> Pose:
    wide = 2.0 if chance.happens(0.15) else 1.0
    return Pose(
        yaw=chance.near(0, 14 * wide),
        pitch=chance.near(0, 9 * wide),
        roll=chance.near(0, 7 * wide),
        scale=chance.uniform(0.4, 0.45),
        right=chance.near(0, 0.025),
        down=chance.near(0.015, 0.025),
        gaze=(chance.near(0, 0.6), chance.near(0, 0.4)),
    )


def _light(chance: Chance) -> Light:
    lights, colours = table("looks")["lights"], table("looks")["light_colours"]
    name = chance.weighted({name: light["often"] for name, light in lights.items()})
    tint = colours[chance.weighted({name: colour["often"] for name, colour in colours.items()})]
    light = lights[name]
    right, down = chance.uniform(*light["right"]), chance.uniform(*light["down"])
    length = math.sqrt(right * right + down * down + 1.0)
    strength, fill = chance.uniform(*light["strength"]), chance.uniform(*light["fill"])
    return Light(
        name=name,
        towards=(right / length, down / length, 1.0 / length),
        key=darker(tint["key"], strength),
        fill=darker(tint["fill"], fill),
    )


def _setting(chance: Chance) -> Setting:
    looks = table("looks")
    return Setting(
        backdrop=chance.one_of(looks["backdrop_kinds"]),
        backdrop_colours=(tuple(chance.one_of(looks["backdrops"])), tuple(chance.one_of(looks["backdrops"]))),
        clothes=tuple(chance.one_of(looks["clothes"])),
        collar=chance.one_of(looks["collars"]),
    )


def _occlusion(chance: Chance, looks: Looks) -> Occlusion:
    kind = chance.weighted(table("looks")["occlusions"])
    if kind == "hair" and looks.style in ("bald", "buzz", "headscarf", "beanie"):
        kind = "none"
    return Occlusion(kind, chance.uniform(), tuple(chance.one_of(table("looks")["clothes"])))


def _camera(chance: Chance) -> Camera:
    return Camera(
        blur=chance.uniform(0, 0.01) if chance.happens(0.3) else 0.0,
        noise=chance.uniform(1, 9) if chance.happens(0.8) else 0.0,
        exposure=chance.near(1.0, 0.22),
        vignette=chance.uniform(0, 0.35),
        monochrome=chance.happens(0.05),
    )
