// How long threads that wait for each other spin. libgomp lets them for many milliseconds, which
// makes the program up to fifty times slower where other work shares the cores; a tenth of what is
// set here costs short steps of decoding twice their time. It reads the setting from the
// environment while it is loaded, before main(): so the program starts itself again with the
// setting, before the constructors of the libraries have run (0.03 s). OMP_WAIT_POLICY and
// GOMP_SPINCOUNT, where given, are left alone.
#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__)
#include <unistd.h>

#include <cstring>

namespace {

constexpr const char* kSetting = "GOMP_SPINCOUNT=10000";  // about half a millisecond

bool begins_with(const char* text, const char* beginning) {
  return std::strncmp(text, beginning, std::strlen(beginning)) == 0;
}

/// Whether /proc/self/exe is this program, not the loader that was told to run it ("ld-linux...").
bool is_own_program() {
  char path[4096];
  const ssize_t size = readlink("/proc/self/exe", path, sizeof(path) - 1);
  if (size <= 0) return false;
  path[size] = '\0';
  const char* slash = std::strrchr(path, '/');
  return slash && !begins_with(slash, "/ld-") && !begins_with(slash, "/ld.");
}

/// Libraries are linked but not yet set up here: nothing that needs their constructors.
void limit_spinning(int, char** arguments, char** environment) {
  constexpr int kMost = 4096;
  static char* with_setting[kMost + 2];
  int count = 0;
  for (; environment[count] != nullptr; ++count) {
    if (count == kMost || begins_with(environment[count], "OMP_WAIT_POLICY=") ||
        begins_with(environment[count], "GOMP_SPINCOUNT="))
      return;
    with_setting[count] = environment[count];
  }
  if (!is_own_program()) return;
  with_setting[count] = const_cast<char*>(kSetting);
  // Where it fails, the program goes on as it is.
  execve("/proc/self/exe", arguments, with_setting);
}

using AtStart = void (*)(int, char**, char**);
__attribute__((section(".preinit_array"), used)) AtStart const at_start = limit_spinning;

}  // namespace
#endif
