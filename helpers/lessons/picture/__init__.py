"""The handshake, drawn from the live account: `picture.draw(account)`."""

from helpers.lessons.picture.drawing import Picture, draw
