/// Owning handles of the HDF5 C API and checked calls; failures become IoError.
#pragma once

#include <hdf5.h>

#include <filesystem>
#include <string>
#include <utility>

#include "kollagen/check.hpp"

namespace kollagen::hdf5 {

/// Silences HDF5's own error output in this scope; the reasons travel in the exceptions instead.
class QuietErrors {
 public:
  QuietErrors() {
    H5Eget_auto2(H5E_DEFAULT, &print_, &data_);
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  }
  ~QuietErrors() { H5Eset_auto2(H5E_DEFAULT, print_, data_); }
  QuietErrors(const QuietErrors&) = delete;
  QuietErrors& operator=(const QuietErrors&) = delete;

 private:
  H5E_auto2_t print_ = nullptr;
  void* data_ = nullptr;
};

/// Text of the innermost entry of HDF5's error stack: the system's reason where there is one.
inline std::string last_error() {
  std::string text = "no further reason given";
  H5Ewalk2(
      H5E_DEFAULT, H5E_WALK_UPWARD,
      [](unsigned depth, const H5E_error2_t* entry, void* out) -> herr_t {
        if (depth == 0 && entry->desc) *static_cast<std::string*>(out) = entry->desc;
        return 0;
      },
      &text);
  return text;
}

/// Throws IoError "cannot <action> <path>: <reason>" when an HDF5 call returned a negative value.
template <class Status>
Status check(const Status status, const std::string& action, const std::filesystem::path& path) {
  if (status < 0) throw IoError("cannot " + action + " " + path.string() + ": HDF5: " + last_error());
  return status;
}

/// Owns an identifier that `Close` releases. Move only.
template <herr_t (*Close)(hid_t)>
class Handle {
 public:
  Handle() = default;
  /// Takes over `id`; throws IoError when it is invalid.
  Handle(const hid_t id, const std::string& action, const std::filesystem::path& path)
      : id_(check(id, action, path)) {}
  ~Handle() {
    if (id_ >= 0) Close(id_);
  }
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    return *this;
  }
  operator hid_t() const { return id_; }
  /// Releases now and checks.
  void close(const std::string& action, const std::filesystem::path& path) {
    if (id_ >= 0) check(Close(std::exchange(id_, -1)), action, path);
  }

 private:
  hid_t id_ = -1;
};

using File = Handle<H5Fclose>;
using Group = Handle<H5Gclose>;
using Dataset = Handle<H5Dclose>;
using Dataspace = Handle<H5Sclose>;
using Datatype = Handle<H5Tclose>;
using Attribute = Handle<H5Aclose>;
using Properties = Handle<H5Pclose>;

}  // namespace kollagen::hdf5
