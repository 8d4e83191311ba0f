#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write a binary as a C array: embed.py BINARY OUTPUT.c

The output defines init_image and init_image_size, as launch/init_image.h declares them.
"""
import sys


def main(binary: str, output: str) -> None:
    with open(binary, "rb") as file:
        data = file.read()
    lines = [
        "/* Made by init/embed.py from the init program. */",
        "#include <launch/init_image.h>",
        "",
        "const unsigned char init_image[] = {",
    ]
    for start in range(0, len(data), 16):
        lines.append("    " + " ".join(f"0x{byte:02x}," for byte in data[start:start + 16]))
    lines += ["};", "", f"const size_t init_image_size = {len(data)};", ""]
    with open(output, "w", encoding="ascii") as file:
        file.write("\n".join(lines))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
