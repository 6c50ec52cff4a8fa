"""The classification tasks, and what their labels and logits stand for."""

from typing import Literal, cast, get_args

from monai_ssl.errors import InputError

__all__ = ["CLASSIFICATION_TASKS", "Task", "check_task"]

Task = Literal["multilabel", "multiclass"]
"""``"multilabel"``: C independent yes-or-no questions, probabilities by sigmoid. ``"multiclass"``: one of C classes,
probabilities by softmax. Dense labels (segmentation) are one of the two at each position."""

CLASSIFICATION_TASKS: tuple[str, ...] = get_args(Task)


def check_task(task: str) -> Task:
    """Give ``task`` back if it is one of :data:`CLASSIFICATION_TASKS`.

    Raises:
        InputError: for any other task.
    """
    if task not in CLASSIFICATION_TASKS:
        raise InputError(f"task {task!r} is not a classification. Use one of {', '.join(CLASSIFICATION_TASKS)}.")
    return cast(Task, task)
