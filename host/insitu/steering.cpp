#include "host/insitu/steering.hpp"

#include <fmt/format.h>

namespace kollagen {
namespace {

/// `text` as content or attribute of XML.
std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) switch (c) {
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '&':
        result += "&amp;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += c;
    }
  return result;
}

/// One number, which the source keeps as an array of its name. Without a label: scripts would have to use that.
std::string property(const std::string& name, const double value,
                     const std::string& domain, const std::string& doc) {
  return fmt::format(
      R"(      <DoubleVectorProperty name="{0}" command="SetTuple1Double" use_index="1" clean_command="Clear"
        initial_string="{0}" number_of_elements_per_command="1" repeat_command="1" number_of_elements="1"
        default_values="{1}">
{2}        <Documentation>{3}</Documentation>
      </DoubleVectorProperty>
)",
      name, value, domain, escaped(doc));
}

}  // namespace

std::vector<SteeringParameter> steering_parameters(const Config& config, const ModelInfo& model) {
  std::vector<SteeringParameter> result;
  for (const std::string& name : config.insitu.steer) {
    const ParameterInfo& p = model.parameters.at(std::size_t(model.find_parameter(name)));
    const auto set = config.model_parameters.find(name);
    result.push_back({p.name, p.unit, p.doc, set == config.model_parameters.end() ? p.value : set->second, p.lower,
                      p.upper});
  }
  return result;
}

std::string steering_xml(const std::vector<SteeringParameter>& parameters) {
  const std::string count = R"(        <DoubleRangeDomain name="range" min="0"/>
)";
  const std::string yes_or_no = R"(        <DoubleRangeDomain name="range" min="0" max="1"/>
)";
  std::string properties =
      property(steering_pause, 0, yes_or_no,
               "1 holds the run at the end of the step until it is 0 again.") +
      property(steering_stop, 0, yes_or_no,
               "1 ends the run at the end of the step with a checkpoint; the same command goes on.") +
      property(steering_outputs, 0, count,
               "Another number makes the run write all its outputs at the end of the step.");
  std::string arrays;
  const auto array = [&](const std::string& name) {
    arrays += fmt::format("          <Property name=\"{0}\" association=\"point\" array=\"{0}\"/>\n", name);
  };
  for (const char* name : {steering_pause, steering_stop, steering_outputs}) array(name);
  for (const SteeringParameter& p : parameters) {
    properties += property(p.name, p.value,
                           fmt::format("        <DoubleRangeDomain name=\"range\" min=\"{}\" max=\"{}\"/>\n",
                                       p.lower, p.upper),
                           fmt::format("In {}: {}", p.unit, p.doc));
    array(p.name);
  }
  return fmt::format(R"(<ServerManagerConfiguration>
  <ProxyGroup name="sources">
    <SourceProxy class="vtkSteeringDataGenerator" name="{}">
      <Documentation>Settings of a run of Kollagen that may be changed while it is under way.</Documentation>
      <IntVectorProperty name="PartitionType" command="SetPartitionType" number_of_elements="1" default_values="4"
        panel_visibility="never"/>
      <IntVectorProperty name="FieldAssociation" command="SetFieldAssociation" number_of_elements="1" default_values="0"
        panel_visibility="never"/>
      <DoubleVectorProperty name="Center" command="SetTuple3Double" use_index="1" clean_command="Clear"
        initial_string="coords" number_of_elements_per_command="3" repeat_command="1" panel_visibility="never"/>
{}      <Hints>
        <CatalystInitializePropertiesWithMesh mesh="{}">
          <Property name="Center" association="point" array="coords"/>
{}        </CatalystInitializePropertiesWithMesh>
      </Hints>
    </SourceProxy>
  </ProxyGroup>
</ServerManagerConfiguration>
)",
                     steering_proxy, properties, steering_mesh, arrays);
}

}  // namespace kollagen
