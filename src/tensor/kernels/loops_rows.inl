// Norms, rotary embeddings and gated activations.
#pragma once

#include <math.h>

#include "tensor/kernels/vec.inl"

namespace amalgam::kernels {
namespace {

template <class T>
void norm(const T* x, const T* residual, const T* weight, int64_t rows, int64_t columns, float eps,
          float offset, T* sum, T* y, float* inverse) {
  for (int64_t r = 0; r < rows; ++r) {
    const T* from = x + r * columns;
    Vec squares = {};
    if (residual) {
      T* total = sum + r * columns;
      for_lanes(columns, [&](auto get, auto put, int64_t) {
        put(total, get(from) + get(residual + r * columns));
        const Vec value = get(total);
        squares += value * value;
      });
      from = total;
    } else {
      for_lanes(columns, [&](auto get, auto, int64_t) {
        const Vec value = get(from);
        squares += value * value;
      });
    }
    const float scale = 1.0f / sqrtf(sum_lanes(squares) / (float)columns + eps);
    for_lanes(columns, [&](auto get, auto put, int64_t) {
      put(y + r * columns, get(from) * scale * (get(weight) + offset));
    });
    inverse[r] = scale;
  }
}

template <class T>
void norm_gradient(const T* dy, const T* extra, const T* x, const T* weight, const float* inverse,
                   int64_t rows, int64_t columns, float offset, T* dx, float* dw) {
  for (int64_t r = 0; r < rows; ++r) {
    const int64_t row = r * columns;
    const float scale = inverse[r];
    Vec dots = {};
    for_lanes(columns, [&](auto get, auto put, int64_t) {
      const Vec product = get(dy + row) * get(x + row);
      dots += product * (get(weight) + offset);
      put(dw, get(dw) + product * scale);
    });
    const float mean = sum_lanes(dots) / (float)columns * scale * scale;
    for_lanes(columns, [&](auto get, auto put, int64_t) {
      Vec gradient = scale * (get(dy + row) * (get(weight) + offset) - get(x + row) * mean);
      if (extra) gradient += get(extra + row);
      put(dx + row, gradient);
    });
  }
}

template <class T>
void rotate(const T* in, int64_t ld, const float* cosine, const float* sine, int64_t rows,
            int64_t heads, int64_t d, float direction, T* out, int64_t ld_out) {
  const int64_t half = d / 2;
  for (int64_t r = 0; r < rows; ++r) {
    const float* c = cosine + r * half;
    const float* s = sine + r * half;
    for (int64_t head = 0; head < heads; ++head) {
      const T* from = in + r * ld + head * d;
      T* to = out + r * ld_out + head * d;
      for_lanes(half, [&](auto get, auto put, int64_t) {
        const Vec a = get(from), b = get(from + half), turn = get(s) * direction;
        put(to, a * get(c) - b * turn);
        put(to + half, b * get(c) + a * turn);
      });
    }
  }
}

/// act(x) and its derivative.
struct Activated {
  Vec value, slope;
};
inline Activated activate(Vec x, Activation kind) {
  if (kind == Activation::kSilu) {
    const Vec s = sigmoid(x);
    return {x * s, s * (1.0f + x * (1.0f - s))};
  }
  if (kind == Activation::kGeluTanh) {  // x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2
    const Vec t = tanh(0.797884561f * (x + 0.044715f * x * x * x));
    const Vec inner = 0.797884561f * (1.0f + 0.134145f * x * x);
    return {0.5f * x * (1.0f + t), 0.5f * (1.0f + t) + 0.5f * x * (1.0f - t * t) * inner};
  }
  // Exact gelu: x Phi(x), Phi by Abramowitz and Stegun 7.1.26 (error below 1.5e-7).
  const Vec z = max(x, -x) * 0.707106781f, bell = exp(-z * z);
  const Vec t = reciprocal(1.0f + 0.3275911f * z);
  const Vec tail =
      ((((1.061405429f * t - 1.453152027f) * t + 1.421413741f) * t - 0.284496736f) * t +
       0.254829592f) *
      t * bell * 0.5f;
  const Vec phi = x > 0 ? 1.0f - tail : tail;
  return {x * phi, phi + x * bell * 0.398942280f};
}

template <class T>
void gate(const T* in, int64_t ld, int64_t apart, int64_t rows, int64_t width, Activation kind,
          T* out, int64_t ld_out) {
  for (int64_t r = 0; r < rows; ++r) {
    const T* row = in + r * ld;
    for_lanes(width, [&](auto get, auto put, int64_t) {
      put(out + r * ld_out, activate(get(row), kind).value * get(row + apart));
    });
  }
}

template <class T>
void gate_gradient(const T* dout, const T* in, int64_t rows, int64_t width, Activation kind,
                   T* din) {
  for (int64_t r = 0; r < rows; ++r) {
    const T* row = in + 2 * r * width;
    T* to = din + 2 * r * width;
    for_lanes(width, [&](auto get, auto put, int64_t) {
      const Activated act = activate(get(row), kind);
      const Vec upstream = get(dout + r * width);
      put(to, upstream * get(row + width) * act.slope);
      put(to + width, upstream * act.value);
    });
  }
}

}  // namespace
}  // namespace amalgam::kernels
