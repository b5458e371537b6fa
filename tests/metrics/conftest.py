import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Small products: several threads would wait for each other, for minutes on a busy machine."""
    with threadpool_limits(1, "blas"):
        yield
