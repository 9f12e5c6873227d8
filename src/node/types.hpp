#pragma once

#include "sonm/services/platform.hpp"

namespace sonm::node {

/// A kind of service that a configuration may list.
struct ServiceType {
    std::string name;
    std::string says;        ///< one sentence for the template
    std::string usual_name;  ///< under which clients look for such a service
    services::Factory make;
};

/// What `type:` may say.
class Types {
public:
    /// Later ones replace earlier ones of that name.
    void add(std::string name, std::string says, services::Factory make, std::string usual_name = {});
    const ServiceType* find(std::string_view name) const;
    const std::vector<ServiceType>& all() const { return types_; }
    std::vector<std::string> names() const;

private:
    std::vector<ServiceType> types_;
};

/// The platform's own services. Roles (the worker) are added by whoever makes the node.
Types platform_types();

}  // namespace sonm::node
