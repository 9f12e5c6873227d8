"""Which room may include which: only rooms that it declares itself, and only such on a lower floor."""
import re

from .project import Finding

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]sonm/(\w+)/', re.MULTILINE)
UPWARD = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"\.\./', re.MULTILINE)
TOP_ROOM = "apps"


def check(project):
    rooms = project.rooms()
    yield from declarations(rooms)
    for path in project.under("src/", ".hpp", ".cpp", ".h", ".inc"):
        own = path.split("/")[1]
        text = project.text(path)
        for match in UPWARD.finditer(text):
            yield Finding(path, line_of(text, match), "include by a relative path", "write <sonm/room/header.hpp>", "layers")
        for match in INCLUDE.finditer(text):
            yield from inclusion(path, line_of(text, match), own, match[1], rooms)


def declarations(rooms):
    for folder, room in rooms.items():
        path = f"src/{folder}/CMakeLists.txt"
        if room.name != folder:
            yield Finding(path, room.line, f"room '{room.name}' lies in src/{folder}", "give both the same name", "layers")
        for name in room.depends:
            if name not in rooms:
                yield Finding(path, room.line, f"DEPENDS names '{name}', which is no room", "correct or remove it", "layers")
            elif rooms[name].layer >= room.layer and folder != TOP_ROOM:
                yield Finding(path, room.line, f"{folder} (layer {room.layer}) depends on {name} (layer {rooms[name].layer})",
                              "depend only on lower layers; let the lower room own a port that the higher one implements", "layers")
    for cycle in cycles(rooms):
        yield Finding(f"src/{cycle[0]}/CMakeLists.txt", rooms[cycle[0]].line, f"rooms in a circle: {' -> '.join(cycle)}",
                      "move what both need to a lower room", "layers")


def inclusion(path, line, own, other, rooms):
    if other == own or own not in rooms:
        return
    if other not in rooms:
        yield Finding(path, line, f"includes room '{other}', which does not exist", "correct the name", "layers")
    elif other not in rooms[own].depends:
        if rooms[other].layer >= rooms[own].layer and own != TOP_ROOM:
            instead = f"do not: {other} (layer {rooms[other].layer}) is not below {own} (layer {rooms[own].layer})"
        else:
            instead = f"add {other} to DEPENDS in src/{own}/CMakeLists.txt, or include something else"
        yield Finding(path, line, f"{own} includes {other} without declaring it", instead, "layers")


def cycles(rooms):
    """Each circle of dependencies once, starting at its alphabetically first room."""
    found = set()

    def walk(name, trail):
        if name in trail:
            circle = trail[trail.index(name):]
            first = circle.index(min(circle))
            found.add(tuple(circle[first:] + circle[:first] + [min(circle)]))
            return
        for dependency in rooms[name].depends:
            if dependency in rooms:
                walk(dependency, trail + [name])

    for name in rooms:
        walk(name, [])
    return sorted(found)


def line_of(text, match):
    return text.count("\n", 0, match.start()) + 1
