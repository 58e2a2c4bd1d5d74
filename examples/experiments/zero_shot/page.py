"""x"""


def publish(folder, target):
    return []
