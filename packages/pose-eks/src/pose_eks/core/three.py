"""Algebra of three dimensions written out, so that kernels hold it in registers.

Vectors are tuples of 3, symmetric matrices of 6 (xx, xy, xz, yy, yz, zz), others of 9, row by row.
Two dimensions and one are three with zeros.
"""

import numpy as np

from pose_eks.core.compiled import compiled

Vector = tuple[float, float, float]
Symmetric = tuple[float, float, float, float, float, float]
Matrix = tuple[float, float, float, float, float, float, float, float, float]
NO_VECTOR = (0.0, 0.0, 0.0)
NO_SYMMETRIC = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
NO_MATRIX = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@compiled
def full(S: Symmetric) -> Matrix:
    """Write a symmetric matrix as any other."""
    return (S[0], S[1], S[2], S[1], S[3], S[4], S[2], S[4], S[5])


@compiled
def half(A: Matrix) -> Symmetric:
    """Give the symmetric matrix that a matrix is but for rounding."""
    return (
        A[0],
        0.5 * (A[1] + A[3]),
        0.5 * (A[2] + A[6]),
        A[4],
        0.5 * (A[5] + A[7]),
        A[8],
    )


@compiled
def transposed(A: Matrix) -> Matrix:
    """Give A'."""
    return (A[0], A[3], A[6], A[1], A[4], A[7], A[2], A[5], A[8])


@compiled
def product(A: Matrix, B: Matrix) -> Matrix:
    """Give A B."""
    return (
        A[0] * B[0] + A[1] * B[3] + A[2] * B[6],
        A[0] * B[1] + A[1] * B[4] + A[2] * B[7],
        A[0] * B[2] + A[1] * B[5] + A[2] * B[8],
        A[3] * B[0] + A[4] * B[3] + A[5] * B[6],
        A[3] * B[1] + A[4] * B[4] + A[5] * B[7],
        A[3] * B[2] + A[4] * B[5] + A[5] * B[8],
        A[6] * B[0] + A[7] * B[3] + A[8] * B[6],
        A[6] * B[1] + A[7] * B[4] + A[8] * B[7],
        A[6] * B[2] + A[7] * B[5] + A[8] * B[8],
    )


@compiled
def plus(A: Matrix, B: Matrix) -> Matrix:
    """Give A + B."""
    return (
        A[0] + B[0],
        A[1] + B[1],
        A[2] + B[2],
        A[3] + B[3],
        A[4] + B[4],
        A[5] + B[5],
        A[6] + B[6],
        A[7] + B[7],
        A[8] + B[8],
    )


@compiled
def minus(A: Matrix, B: Matrix) -> Matrix:
    """Give A - B."""
    return (
        A[0] - B[0],
        A[1] - B[1],
        A[2] - B[2],
        A[3] - B[3],
        A[4] - B[4],
        A[5] - B[5],
        A[6] - B[6],
        A[7] - B[7],
        A[8] - B[8],
    )


@compiled
def one_minus(A: Matrix) -> Matrix:
    """Give 1 - A."""
    return (1.0 - A[0], -A[1], -A[2], -A[3], 1.0 - A[4], -A[5], -A[6], -A[7], 1.0 - A[8])


@compiled
def times(A: Matrix, a: Vector) -> Vector:
    """Give A a."""
    return (
        A[0] * a[0] + A[1] * a[1] + A[2] * a[2],
        A[3] * a[0] + A[4] * a[1] + A[5] * a[2],
        A[6] * a[0] + A[7] * a[1] + A[8] * a[2],
    )


@compiled
def turned(S: Symmetric, a: Vector) -> Vector:
    """Give S a."""
    return (
        S[0] * a[0] + S[1] * a[1] + S[2] * a[2],
        S[1] * a[0] + S[3] * a[1] + S[4] * a[2],
        S[2] * a[0] + S[4] * a[1] + S[5] * a[2],
    )


@compiled
def dot(a: Vector, b: Vector) -> float:
    """Give a' b."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@compiled
def along(a: Vector, f: float, b: Vector) -> Vector:
    """Give a + f b."""
    return (a[0] + f * b[0], a[1] + f * b[1], a[2] + f * b[2])


@compiled
def each(a: Vector, b: Vector) -> Vector:
    """Give the products of the entries."""
    return (a[0] * b[0], a[1] * b[1], a[2] * b[2])


@compiled
def with_square(S: Symmetric, f: float, a: Vector) -> Symmetric:
    """Give S + f a a'."""
    x, y, z = f * a[0], f * a[1], f * a[2]
    return (
        S[0] + x * a[0],
        S[1] + x * a[1],
        S[2] + x * a[2],
        S[3] + y * a[1],
        S[4] + y * a[2],
        S[5] + z * a[2],
    )


@compiled
def with_outer(A: Matrix, f: float, a: Vector, b: Vector) -> Matrix:
    """Give A + f a b'."""
    x, y, z = f * a[0], f * a[1], f * a[2]
    return (
        A[0] + x * b[0],
        A[1] + x * b[1],
        A[2] + x * b[2],
        A[3] + y * b[0],
        A[4] + y * b[1],
        A[5] + y * b[2],
        A[6] + z * b[0],
        A[7] + z * b[1],
        A[8] + z * b[2],
    )


@compiled
def scaled(S: Symmetric, f: Vector) -> Symmetric:
    """Give diag(f) S diag(f)."""
    return (
        S[0] * f[0] * f[0],
        S[1] * f[0] * f[1],
        S[2] * f[0] * f[2],
        S[3] * f[1] * f[1],
        S[4] * f[1] * f[2],
        S[5] * f[2] * f[2],
    )


@compiled
def summed(S: Symmetric, T: Symmetric) -> Symmetric:
    """Give S + T."""
    return (S[0] + T[0], S[1] + T[1], S[2] + T[2], S[3] + T[3], S[4] + T[4], S[5] + T[5])


@compiled
def both(A: Matrix) -> Symmetric:
    """Give A + A' of a matrix."""
    return (
        2.0 * A[0],
        A[1] + A[3],
        A[2] + A[6],
        2.0 * A[4],
        A[5] + A[7],
        2.0 * A[8],
    )


@compiled
def further(A: Matrix, f: float, B: Matrix) -> Matrix:
    """Give A + f B."""
    return (
        A[0] + f * B[0],
        A[1] + f * B[1],
        A[2] + f * B[2],
        A[3] + f * B[3],
        A[4] + f * B[4],
        A[5] + f * B[5],
        A[6] + f * B[6],
        A[7] + f * B[7],
        A[8] + f * B[8],
    )


@compiled
def summed_times(S: Symmetric, f: float, T: Symmetric) -> Symmetric:
    """Give S + f T."""
    return (
        S[0] + f * T[0],
        S[1] + f * T[1],
        S[2] + f * T[2],
        S[3] + f * T[3],
        S[4] + f * T[4],
        S[5] + f * T[5],
    )


@compiled
def vector(a: np.ndarray) -> Vector:
    """Read a vector."""
    return (a[0], a[1], a[2])


@compiled
def symmetric(a: np.ndarray) -> Symmetric:
    """Read a symmetric matrix."""
    return (a[0], a[1], a[2], a[3], a[4], a[5])


@compiled
def matrix(a: np.ndarray) -> Matrix:
    """Read a matrix."""
    return (a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8])
