#pragma once

#include "sonm/base/yaml.hpp"
#include "sonm/model/task.hpp"

namespace sonm::model {

/// A task as people write it: the spec, and the files of this machine that go in and come out. Value type.
struct TaskFile {
    TaskSpec spec;  ///< inputs and image.blob are empty: whoever uploads fills them in
    std::filesystem::path
        image_archive;  ///< docker-save archive to upload; empty = the worker pulls spec.image.reference
    std::filesystem::path registry_password_file;
    struct Input {
        std::filesystem::path source;
        std::string path;
        std::uint32_t mode = 0644;
        bool operator==(const Input&) const = default;
    };
    std::vector<Input> inputs;
    struct Output {
        std::string path;
        std::filesystem::path to;
        bool operator==(const Output&) const = default;
    };
    std::vector<Output> outputs;  ///< the same paths as in spec.outputs
    bool operator==(const TaskFile&) const = default;
};

/// Declares the keys; names as in the Compose specification where it has one.
void task_fields(YamlReader& reader, TaskFile& task);
/// Paths of this machine in it are relative to the file's own folder. Errors: invalid with file, line, key;
/// those of read_file.
Result<TaskFile> read_task_file(const std::filesystem::path& path);
/// What `sonm init task` writes.
std::string task_template();

/// "NAME=value", or "PATH" alone: as the engine's own tools write lists of variables. Errors: bad_task.
Result<std::pair<std::string, std::string>> parse_variable(std::string_view text);

}  // namespace sonm::model
