#include "matrix.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace woodfisher::test {

Matrix inverse(Matrix a) {
  const std::size_t n = a.order();
  Matrix b(n);
  for (std::size_t i = 0; i < n; ++i) b.at(i, i) = 1;
  for (std::size_t k = 0; k < n; ++k) {
    std::size_t pivot = k;
    for (std::size_t i = k + 1; i < n; ++i) {
      if (std::fabs(a.at(i, k)) > std::fabs(a.at(pivot, k))) pivot = i;
    }
    if (pivot != k) {
      std::swap_ranges(a.row(k), a.row(k) + n, a.row(pivot));
      std::swap_ranges(b.row(k), b.row(k) + n, b.row(pivot));
    }
    const Real scale = 1 / a.at(k, k);
    for (std::size_t j = k; j < n; ++j) a.at(k, j) *= scale;
    for (std::size_t j = 0; j < n; ++j) b.at(k, j) *= scale;
    for (std::size_t i = 0; i < n; ++i) {
      const Real factor = a.at(i, k);
      if (i == k || factor == 0) continue;
      for (std::size_t j = k; j < n; ++j) a.at(i, j) -= factor * a.at(k, j);
      for (std::size_t j = 0; j < n; ++j) b.at(i, j) -= factor * b.at(k, j);
    }
  }
  return b;
}

Matrix submatrix(const Matrix& a, std::span<const std::size_t> index) {
  Matrix sub(index.size());
  for (std::size_t i = 0; i < index.size(); ++i) {
    for (std::size_t j = 0; j < index.size(); ++j) sub.at(i, j) = a.at(index[i], index[j]);
  }
  return sub;
}

Vector product(const Matrix& a, const Vector& x) {
  Vector y(a.order());
  for (std::size_t i = 0; i < a.order(); ++i) {
    for (std::size_t j = 0; j < a.order(); ++j) y[i] += a.at(i, j) * x[j];
  }
  return y;
}

Real dot(const Vector& x, const Vector& y) {
  Real sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] * y[i];
  return sum;
}

Real norm(const Vector& x) {
  return std::sqrt(dot(x, x));
}

Real largest_eigenvalue(const Matrix& a) {
  constexpr int kSteps = 20;
  Vector x(a.order());
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = 1 + std::sin(static_cast<Real>(i));
  Real eigenvalue = 0;
  for (int step = 0; step < kSteps; ++step) {
    const Real length = norm(x);
    for (Real& value : x) value /= length;
    Vector y = product(a, x);
    eigenvalue = dot(x, y);
    if (eigenvalue == 0) return 0;
    x = std::move(y);
  }
  return eigenvalue;
}

Real difference(const Matrix& a, const Matrix& b) {
  Real largest = 0;
  Real worst = 0;
  for (std::size_t i = 0; i < a.order(); ++i) {
    for (std::size_t j = 0; j < a.order(); ++j) {
      largest = std::max(largest, std::fabs(b.at(i, j)));
      worst = std::max(worst, std::fabs(a.at(i, j) - b.at(i, j)));
    }
  }
  return largest == 0 ? worst : worst / largest;
}

}  // namespace woodfisher::test
