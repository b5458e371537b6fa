import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """The products of these tests are small: threads would wait for each other, for minutes on a busy machine."""
    with threadpool_limits(1, "blas"):
        yield
