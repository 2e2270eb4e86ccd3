// Any value among the things an autograd function saves.
#pragma once

#include <ATen/core/ivalue.h>

#include <utility>

namespace amalgam::kernels {

template <class T>
struct Capsule : torch::CustomClassHolder {
  explicit Capsule(T held) : value(std::move(held)) {}
  T value;
};

template <class T>
c10::IValue capsule(T value) {
  return c10::IValue::make_capsule(c10::make_intrusive<Capsule<T>>(std::move(value)));
}
template <class T>
T from_capsule(const c10::IValue& saved) {
  return static_cast<Capsule<T>*>(saved.toCapsule().get())->value;
}

}  // namespace amalgam::kernels
