#include "sonm/base/fs.hpp"
#include "sonm/cli/command.hpp"
#include "sonm/cli/print.hpp"
#include "sonm/model/order_file.hpp"
#include "sonm/model/task_file.hpp"
#include "sonm/worker/config.hpp"

namespace sonm::cli {
namespace {

/// Each asks `sonm __complete -- WORDS` for what may stand next; so the tree of commands is written down
/// once.
constexpr std::string_view bash_script = R"sh(_sonm() {
    local IFS=$'\n'
    COMPREPLY=($(compgen -W "$(sonm __complete -- "${COMP_WORDS[@]:1:COMP_CWORD-1}" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _sonm sonm
)sh";
constexpr std::string_view zsh_script = R"sh(#compdef sonm
_sonm() {
    local -a candidates
    candidates=(${(f)"$(sonm __complete -- ${words[2,CURRENT-1]} 2>/dev/null)"})
    compadd -a candidates
    _files
}
compdef _sonm sonm
)sh";
constexpr std::string_view fish_script =
    R"sh(complete -c sonm -a '(sonm __complete -- (commandline -opc)[2..-1] 2>/dev/null)'
)sh";

/// What may stand after `words`: subcommands and long options of the command that they lead to.
std::vector<std::string> candidates(CLI::App& app, const std::vector<std::string>& words) {
    CLI::App* here = &app;
    for (const auto& word : words) {
        if (word.starts_with("-")) continue;
        auto named = here->get_subcommands([&](CLI::App* sub) { return sub->get_name() == word; });
        if (!named.empty()) here = named.front();
    }
    std::vector<std::string> out;
    for (CLI::App* sub : here->get_subcommands([](CLI::App* a) { return !a->get_name().starts_with("__"); }))
        out.push_back(sub->get_name());
    for (CLI::App* level : {here, &app}) {
        for (CLI::Option* option : level->get_options())
            for (const auto& name : option->get_lnames()) out.push_back("--" + name);
        if (here == &app) break;
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

Async<Exit> complete(CLI::App& app, std::vector<std::string> words) {
    for (const auto& word : candidates(app, words)) print(word + "\n");
    co_return Exit::ok;
}

Async<Exit> print_script(std::string shell) {
    print(shell == "bash" ? bash_script : shell == "zsh" ? zsh_script : fish_script);
    co_return Exit::ok;
}

Async<Exit> init(std::string what, std::string file) {
    std::string text = what == "ask"    ? worker::ask_plan_template()
                       : what == "bid"  ? model::bid_template()
                       : what == "task" ? model::task_template()
                       : what == "node" ? node_template()
                       : what == "sale" ? sale_template()
                                        : worker::config_template();
    if (file.empty()) {
        print(text);
        co_return Exit::ok;
    }
    if (std::filesystem::exists(file))
        co_return fail(Errc::exists, "{} is there already; it is not overwritten", file);
    SONM_CO_CHECK(write_atomically(file, as_bytes(text)));
    note("wrote " + file);
    co_return Exit::ok;
}

}  // namespace

void add_shell_commands(Commands& commands) {
    add_command(commands, commands.app, "init",
                "Write a documented file to start from: ask, bid, task, worker, node or sale",
                "  sonm init worker worker.yaml\n  sonm init bid", [](CLI::App& leaf) -> Handler {
                    auto what = std::make_shared<std::string>();
                    auto file = std::make_shared<std::string>();
                    leaf.add_option("what", *what, "ask, bid, task, worker, node or sale")
                        ->required()
                        ->check(CLI::IsMember({"ask", "bid", "task", "worker", "node", "sale"}));
                    leaf.add_option("file", *file, "Where to; without it to stdout");
                    return [what, file](Context&, TaskGroup&) { return init(*what, *file); };
                });
    add_command(commands, commands.app, "completion", "Print the completion script of a shell",
                "  source <(sonm completion bash)\n  sonm completion zsh > ~/.zfunc/_sonm\n  sonm completion "
                "fish > ~/.config/fish/completions/sonm.fish",
                [](CLI::App& leaf) -> Handler {
                    auto shell = std::make_shared<std::string>();
                    leaf.add_option("shell", *shell, "bash, zsh or fish")
                        ->required()
                        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
                    return [shell](Context&, TaskGroup&) { return print_script(*shell); };
                });
    CLI::App* hidden =
        add_command(commands, commands.app, "__complete", "", "", [&commands](CLI::App& leaf) -> Handler {
            auto words = std::make_shared<std::vector<std::string>>();
            leaf.add_option("words", *words);
            return [&commands, words](Context&, TaskGroup&) { return complete(commands.app, *words); };
        });
    hidden->group("");
}

}  // namespace sonm::cli
