#include "sonm/model/task_file.hpp"

#include "sonm/base/units.hpp"
#include "sonm/model/errc.hpp"
#include "sonm/model/order_file.hpp"

namespace sonm::model {
namespace {

Result<std::filesystem::path> parse_path(std::string_view text) {
    if (text.empty()) return fail(Errc::invalid, "is empty: write a path");
    return std::filesystem::path(text);
}

/// "0644"
Result<std::uint32_t> parse_mode(std::string_view text) {
    std::uint32_t mode = 0;
    for (char digit : text) {
        if (digit < '0' || digit > '7' || text.size() > 4)
            return fail(Errc::invalid, "'{}' is no file mode: write it like '0755'", text.substr(0, 20));
        mode = mode * 8 + static_cast<std::uint32_t>(digit - '0');
    }
    return mode;
}

void input_fields(YamlReader& reader, std::vector<TaskFile::Input>& inputs) {
    TaskFile::Input input;
    reader.required({"source", "A file of yours; a relative path starts at this file's folder.", "scene.pov"},
                    input.source, parse_path);
    input.path = input.source.filename().native();
    reader.optional(
        {"path", "Where the task sees it, inside its working directory; the same name if left out.",
         "scene.pov"},
        input.path, yaml_text);
    reader.optional({"mode", "Its permissions.", "'0644'"}, input.mode, parse_mode);
    inputs.push_back(std::move(input));
}

void output_fields(YamlReader& reader, std::vector<TaskFile::Output>& outputs) {
    TaskFile::Output output;
    reader.required({"path", "A file or folder inside the task's working directory.", "picture.png"},
                    output.path, yaml_text);
    output.to = std::filesystem::path(output.path).filename();
    reader.optional(
        {"to", "Where to put it; a relative path starts at this file's folder. The same name if left out.",
         "picture.png"},
        output.to, parse_path);
    outputs.push_back(std::move(output));
}

void registry_fields(YamlReader& reader, TaskFile& task) {
    reader.required({"user", "Who you are there.", "me"}, task.spec.image.registry_user, yaml_text);
    reader.required({"password_file", "A file with your password; it goes to the worker and is not kept.",
                     "registry.password"},
                    task.registry_password_file, parse_path);
}

void make_absolute(std::filesystem::path& path, const std::filesystem::path& folder) {
    if (!path.empty() && path.is_relative()) path = (folder / path).lexically_normal();
}

}  // namespace

Result<std::pair<std::string, std::string>> parse_variable(std::string_view text) {
    std::size_t split = text.find('=');
    if (split == 0 || split == std::string_view::npos) {
        return fail(ModelErrc::bad_task, "'{}' is no variable: write it like 'NAME=value'",
                    text.substr(0, 80));
    }
    return std::pair(std::string(text.substr(0, split)), std::string(text.substr(split + 1)));
}

void task_fields(YamlReader& reader, TaskFile& task) {
    TaskSpec& spec = task.spec;
    reader.required({"image", "What runs: an image by tag or digest.", "sonm/povray:latest"},
                    spec.image.reference, yaml_text);
    reader.optional({"image_archive",
                     "Your own image, as 'docker save' writes it; uploaded instead of pulled.", "povray.tar"},
                    task.image_archive, parse_path);
    reader.child({"registry", "If the image must be pulled with a password."}, false,
                 [&](YamlReader& child) { registry_fields(child, task); });
    reader.list({"entrypoint", "Replaces the image's entry point.", "[/bin/sh, -c]"}, spec.entrypoint,
                yaml_text);
    reader.list({"command", "Arguments; replaces the image's command.", "[povray, scene.pov, +Opicture.png]"},
                spec.command, yaml_text);
    reader.optional({"working_dir", "Where the task's files are and where it starts.", "/work"},
                    spec.working_dir, yaml_text);
    reader.optional({"user", "Who it runs as, a number; never root. The image's if left out.", "'1000'"},
                    spec.user, yaml_text);
    reader.entries({"environment", "Variables.", "{LANG: C.UTF-8}"},
                   [&](std::string_view name, std::string_view value) -> Result<void> {
                       spec.environment.insert_or_assign(std::string(name), std::string(value));
                       return {};
                   });
    reader.each({"inputs", "Files that go in."}, [&](YamlReader& item) { input_fields(item, task.inputs); });
    reader.each({"outputs", "Files and folders that come out."},
                [&](YamlReader& item) { output_fields(item, task.outputs); });
    for (const TaskFile::Output& output : task.outputs) spec.outputs.push_back(output.path);
    auto read_limits = [&](YamlReader& child) {
        spec.limits.emplace();
        resources_fields(child, *spec.limits);
    };
    reader.child({"limits", "A part of what the deal gives; all of it if left out."}, false, read_limits);
    reader.optional(
        {"time_limit", "The task is stopped after this time; at the deal's end if left out.", "1 h"},
        spec.time_limit, parse_span);
    reader.optional({"stop_grace_period", "How long it may take to end by itself when asked to.", "10 s"},
                    spec.stop_grace, parse_span);
    reader.optional(
        {"network", "Whether it may reach the internet; the deal must have bought 'outbound'.", "false"},
        spec.network, yaml_flag);
    reader.optional({"output_max", "The most that may come out.", "64 MiB"}, spec.output_bytes_max,
                    parse_bytes);
    reader.optional({"tag", "Free for you.", "tile-7"}, spec.tag, yaml_text);
    if (reader.describing()) return;
    // The inputs' content is not known yet, their names are.
    TaskSpec checked = spec;
    for (const TaskFile::Input& input : task.inputs) {
        InputFile file;
        file.path = input.path;
        file.mode = input.mode;
        checked.inputs.push_back(file);
    }
    if (spec.image.reference.empty()) return;
    Result<void> fine = validate(checked);
    if (!fine) reader.problem("", fine.error().context);
}

Result<TaskFile> read_task_file(const std::filesystem::path& path) {
    TaskFile task;
    SONM_CHECK(read_yaml_file(path, [&](YamlReader& reader) { task_fields(reader, task); }));
    std::filesystem::path folder = std::filesystem::absolute(path).parent_path();
    make_absolute(task.image_archive, folder);
    make_absolute(task.registry_password_file, folder);
    for (TaskFile::Input& input : task.inputs) make_absolute(input.source, folder);
    for (TaskFile::Output& output : task.outputs) make_absolute(output.to, folder);
    return task;
}

std::string task_template() {
    TaskFile none;
    return "# A task: one container run inside a deal. Start it: sonm task start DEAL task.yaml\n" +
           describe_yaml([&](YamlReader& reader) { task_fields(reader, none); });
}

}  // namespace sonm::model
