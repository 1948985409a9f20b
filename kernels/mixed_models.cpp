/// Compiles every shipped model for every backend, with a state in mixed precision.
#include "kernels/backends.hpp"
#include "kernels/model_physics.hpp"

namespace kollagen {

template <class Exec>
std::unique_ptr<Physics<Exec>> make_mixed_physics(const std::string& model, const Exec& exec,
                                                  const PhysicsSetup& setup) {
  std::unique_ptr<Physics<Exec>> physics;
  with_model(model, [&](auto type) {
    using Model = typename decltype(type)::type;
    physics = std::make_unique<ModelPhysics<Model, Exec, Mixed>>(exec, setup);
  });
  return physics;
}

#define KOLLAGEN_INSTANTIATE(Exec)                                                                   \
  template std::unique_ptr<Physics<Exec>> make_mixed_physics(const std::string&, const Exec&, \
                                                             const PhysicsSetup&);
KOLLAGEN_FOR_EACH_BACKEND(KOLLAGEN_INSTANTIATE)

}  // namespace kollagen
