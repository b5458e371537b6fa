"""Names of metrics to what has to be done for each checkpoint."""

from collections.abc import Callable
from pathlib import Path

from dcgan_tf import metrics
from dcgan_tf.evaluation import digits, judging
from dcgan_tf.evaluation.scores import features_task
from dcgan_tf.evaluation.session import Session
from dcgan_tf.evaluation.table_3 import search_task
from dcgan_tf.evaluation.tables_1_and_2 import SVM, probe_parts, probe_rows

Task = Callable[[Path], list[dict]]
"""The path of a checkpoint to rows."""


def tasks(session: Session, names: list[str]) -> list[Task]:
    """One function of a checkpoint's path for each kind of measurement; all of its preparations are done here."""
    if SVM in names:
        parts = probe_parts(session)
    seen = [each.name for each in judging.feature_metrics([name for name in names if name != SVM])]
    searched = [name for name in names if name != SVM and name not in seen]
    found = []
    if seen or searched:
        trained = session.trained_on()
        needs = {need for name in seen for need in metrics.metric(name).needs}
        test = session.unseen(trained) if searched or "test_features" in needs else None
        for name in searched:
            digits.check(trained, test, session.config.model.conditional, name)
        if seen:
            found.append(features_task(session, seen, trained, test if "test_features" in needs else None))
        if searched:
            found.append(search_task(session, searched, trained, test))
    if SVM in names:
        found.append(lambda path: probe_rows(session, path, *parts))
    return found
