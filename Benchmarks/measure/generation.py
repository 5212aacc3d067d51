"""W4: generation beside Hugging Face's generate."""
from turns import Skipped


def generation(context):
    if not context.knows("bench generate", None):
        raise Skipped("this catena has no `bench generate`")
    raise Skipped("W4 has no peer script yet")
