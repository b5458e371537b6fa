"""The machine's own limit: a large matrix product in float32, in TensorFlow."""

from dcgan_tf import quiet

with quiet.quiet_stderr():
    import tensorflow as tf

    tf.config.list_physical_devices()

from benchmarks.workers import Task

SIDE = 2048


def prepare() -> Task:
    """One repeat multiplies two square matrices; its unit is 10^9 multiply-adds."""
    left, right = (tf.random.stateless_normal([SIDE, SIDE], seed=[0, number]) for number in range(2))

    def run(repeats: int) -> None:
        for _ in range(repeats):
            product = tf.linalg.matmul(left, right)
        product[0, 0].numpy()  # waits for the device

    return Task(run, SIDE**3 / 1e9)
