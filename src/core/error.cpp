#include "core/error.h"

namespace amalgam {

void check_failed(const char* file, int line, const char* condition) {
  fail("internal error at {}:{}: {} does not hold; please report it", file, line, condition);
}

}  // namespace amalgam
