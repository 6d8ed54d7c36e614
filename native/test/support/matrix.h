// The oracle: dense symmetric matrices in long double (64 bits on x86-64, 113 on arm64 Linux), and
// the inverse by Gauss-Jordan elimination. Nothing of it is shared with the kernels.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace woodfisher::test {

using Real = long double;
using Vector = std::vector<Real>;

class Matrix {
 public:
  explicit Matrix(std::size_t order) : order_(order), entries_(order * order) {}

  std::size_t order() const { return order_; }
  Real& at(std::size_t i, std::size_t j) { return entries_[i * order_ + j]; }
  Real at(std::size_t i, std::size_t j) const { return entries_[i * order_ + j]; }
  Real* row(std::size_t i) { return entries_.data() + i * order_; }
  const Real* row(std::size_t i) const { return entries_.data() + i * order_; }

 private:
  std::size_t order_;
  std::vector<Real> entries_;
};

// order^3 multiply-adds, rows pivoted.
Matrix inverse(Matrix a);

// Rows and columns `index` of a.
Matrix submatrix(const Matrix& a, std::span<const std::size_t> index);

Vector product(const Matrix& a, const Vector& x);
Real dot(const Vector& x, const Vector& y);
Real norm(const Vector& x);

// The largest eigenvalue of a positive semidefinite matrix, from below, by the power method.
Real largest_eigenvalue(const Matrix& a);

// Largest difference of two matrices, relative to the largest entry of the second.
Real difference(const Matrix& a, const Matrix& b);

}  // namespace woodfisher::test
