# Asks cmake/KollagenCompatibility.cmake about versions of compilers that are not here.
#
#   cmake -P test_compatibility.cmake
include(${CMAKE_CURRENT_LIST_DIR}/../../cmake/KollagenCompatibility.cmake)

# expect(WHAT PATTERN [changes...]): a pair that works, with what is different, is refused with one reason that holds the
# pattern, and with none if the pattern is empty. Of several values for a key the last one counts.
function(expect what pattern)
  set(KOKKOS 5.0.2)
  set(CUDA 13.0.88)
  set(HOST_ID GNU)
  set(HOST 12.2.0)
  set(COMPILED_BY nvcc_wrapper)
  set(CMAKE 3.25.1)
  set(KOKKOS_CUDA "")
  set(ARCH HOPPER90)
  set(FLAGS "-O2")
  set(changes ${ARGN})
  while(changes)
    list(POP_FRONT changes key value)
    if(NOT DEFINED ${key})
      message(FATAL_ERROR "${what}: no such key: ${key}")
    endif()
    set(${key} "${value}")
  endwhile()
  set(arguments "")
  foreach(key KOKKOS CUDA HOST_ID HOST COMPILED_BY CMAKE KOKKOS_CUDA ARCH FLAGS)
    if(NOT ${key} STREQUAL "")
      list(APPEND arguments ${key} "${${key}}")
    endif()
  endforeach()
  kollagen_refused_pairs(refused ${arguments})
  list(LENGTH refused count)
  if(pattern STREQUAL "")
    set(expected 0)
  else()
    set(expected 1)
  endif()
  if(NOT count EQUAL expected OR NOT "${refused}" MATCHES "${pattern}")
    message(SEND_ERROR "${what}: expected ${expected} with \"${pattern}\", found ${count}: ${refused}")
  endif()
endfunction()

# --- CUDA and C++20
expect("CUDA 11" "CUDA 11.8.89: its nvcc does not know C..20" CUDA 11.8.89 KOKKOS 4.7.1 HOST 11.4.0)
expect("the first CUDA with C++20" "" CUDA 12.0.76 KOKKOS 4.7.1)

# --- CUDA and Kokkos
expect("CUDA 13, Kokkos 4.7.0" "CUDA 13.0.48 with Kokkos 4.7.0: .*from 4.7.1 on" CUDA 13.0.48 KOKKOS 4.7.0)
expect("CUDA 13, Kokkos as it writes its version" "from 4.7.1 on" KOKKOS 4.7.00)
expect("CUDA 13, the first Kokkos for it" "" KOKKOS 4.7.01)
expect("CUDA 12, Kokkos 4.7.0" "" CUDA 12.4.99 KOKKOS 4.7.0)
expect("CUDA 12, Kokkos 4.0.0" "CUDA with Kokkos 4.0.0: its nvcc_wrapper" CUDA 12.4.99 KOKKOS 4.0.0)
expect("CUDA 12, Debian's Kokkos" "CUDA with Kokkos 3.4.01: its nvcc_wrapper" CUDA 12.4.99 KOKKOS 3.4.01)
expect("CUDA 12, the first Kokkos that passes C++20 on" "" CUDA 12.4.99 KOKKOS 4.0.1)
expect("CUDA 12.1, Kokkos 5" "Kokkos 5 needs CUDA 12.2" CUDA 12.1.66)
expect("CUDA 12.1, Kokkos 4.7.1" "" CUDA 12.1.66 KOKKOS 4.7.1)
expect("CUDA 12.2, Kokkos 5" "" CUDA 12.2.91)
expect("Kokkos of another CUDA" "Kokkos that was built with CUDA 12.9.86" KOKKOS_CUDA 12.9.86)
expect("Kokkos of another minor CUDA" "" KOKKOS_CUDA 13.1.80)

# --- CUDA and the host compiler: the last that works and the first that does not, at the ends of the tables
foreach(row "GNU 12.3.52 12" "GNU 12.4.99 13" "GNU 12.6.85 13" "GNU 12.8.61 14" "GNU 12.9.86 14" "GNU 13.0.88 15"
            "GNU 13.2.78 15" "Clang 12.0.76 14" "Clang 12.1.66 15" "Clang 12.2.91 16" "Clang 12.3.52 16" "Clang 12.4.99 17"
            "Clang 12.5.40 17" "Clang 12.6.85 18" "Clang 12.8.61 19" "Clang 12.9.86 19" "Clang 13.0.88 20" "Clang 13.1.80 21"
            "Clang 13.2.51 21")
  string(REPLACE " " ";" row ${row})
  list(POP_FRONT row id cuda newest)
  math(EXPR next "${newest} + 1")
  expect("CUDA ${cuda}, ${id} ${newest}" "" KOKKOS 4.7.1 CUDA ${cuda} HOST_ID ${id} HOST ${newest}.2.0)
  expect("CUDA ${cuda}, ${id} ${next}" "its nvcc takes ${id} up to ${newest}$"
         KOKKOS 4.7.1 CUDA ${cuda} HOST_ID ${id} HOST ${next}.1.0)
endforeach()
expect("a host compiler that the user insists on" "" CUDA 12.3.52 HOST 13.1.0 FLAGS "-O2 -allow-unsupported-compiler")
expect("a CUDA that came after this table" "" CUDA 13.3.20 HOST 17.1.0)
expect("a host compiler without a table" "" HOST_ID IntelLLVM HOST 2024.1)
expect("GCC 10.3, Kokkos 5" "Kokkos 5 needs GCC 10.4" HOST 10.3.0)
expect("GCC 10.4, Kokkos 5" "" HOST 10.4.0)
expect("GCC 10.3, Kokkos 4.7.1" "" HOST 10.3.0 KOKKOS 4.7.1)

# --- Clang instead of nvcc: none of what is about nvcc holds
expect("Clang 14, Kokkos 5" "compiled by Clang 14.0.6: Kokkos 5 needs Clang 15" COMPILED_BY clang HOST_ID Clang HOST 14.0.6)
expect("Clang 15, Kokkos 5" "" COMPILED_BY clang HOST_ID Clang HOST 15.0.7)
expect("Clang 22 with an old CUDA" "" COMPILED_BY clang HOST_ID Clang HOST 22.1.0 CUDA 11.8.89)

# --- CUDA as a language of CMake
expect("Debian's CMake" "with CMake 3.25.1: C..20 for nvcc needs CMake 3.25.2" COMPILED_BY cmake)
expect("the first CMake for it" "" COMPILED_BY cmake CMAKE 3.25.2)

# --- CUDA and the GPU
expect("Volta, CUDA 13" "VOLTA70: CUDA 13 has no compiler for GPUs before Turing" ARCH VOLTA70)
expect("Volta beside a host, CUDA 13" "before Turing" ARCH "ZEN3 VOLTA70")
expect("Volta, CUDA 12" "" ARCH VOLTA70 CUDA 12.9.86)
expect("Turing, CUDA 13" "" ARCH TURING75)
expect("Blackwell, CUDA 12.6" "Blackwell needs CUDA 12.8" ARCH BLACKWELL100 CUDA 12.6.85)
expect("Blackwell, CUDA 12.8" "" ARCH BLACKWELL100 CUDA 12.8.61)

# --- several at once are all told
kollagen_refused_pairs(refused CUDA 13.0.88 KOKKOS 4.6.2 HOST_ID GNU HOST 16.1.0 COMPILED_BY nvcc_wrapper CMAKE 3.28.0)
list(LENGTH refused count)
if(NOT count EQUAL 2)
  message(SEND_ERROR "two faults: ${count}: ${refused}")
endif()
